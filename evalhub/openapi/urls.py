"""Where the API describes itself. Both addresses come with and without a slash at the end: nothing redirects."""

from django.urls import path

from evalhub.openapi import views

urlpatterns = [
    path("api/schema/", views.Document.as_view(), name="api-schema"),
    path("api/schema", views.Document.as_view()),
    path("api/docs/", views.docs, name="api-docs"),
    path("api/docs", views.docs),
    path("api/v1/schemas/<str:name>.json", views.Schemas.as_view(), name="api-body"),
]
