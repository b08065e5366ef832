"""Paths of the pages of this room."""

from django.urls import path

from agents import views

urlpatterns = [
    path("providers/", views.provider_list, name="provider-list"),
    path("providers/<uuid:provider_id>/", views.provider, name="provider"),
]
