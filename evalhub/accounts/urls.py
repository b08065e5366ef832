"""Sign-in by link or password, sign-out, and the switch to another project."""

from django.urls import path

from evalhub.accounts import views

urlpatterns = [
    path("sign-in", views.SignIn.as_view(), name="sign-in"),
    path("sign-in/<str:uid>/<str:token>", views.sign_in_by_link, name="sign-in-link"),
    path("sign-out", views.SignOut.as_view(), name="sign-out"),
    path("project", views.project_switch, name="project-switch"),
]
