"""Paths of the dialect under /api/v1/. No trailing slash, and never a redirect."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
