"""Paths of prompts, topics and brands."""

from django.urls import path

from templates_app.prompts import brand_views, topic_views, views

urlpatterns = [
    path("prompts/", views.prompt_list, name="prompt-list"),
    path("prompts/new/", views.prompt_new, name="prompt-new"),
    path("prompts/import/", topic_views.prompt_import, name="prompt-import"),
    path("prompts/export.csv", views.prompt_export, name="prompt-export"),
    path("prompts/bulk", views.prompt_bulk, name="prompt-bulk"),
    path("prompts/topics/", topic_views.topic_list, name="topic-list"),
    path("prompts/topics/<uuid:topic_id>/rename", topic_views.topic_rename, name="topic-rename"),
    path("prompts/topics/<uuid:topic_id>/delete", topic_views.topic_delete, name="topic-delete"),
    path("prompts/<uuid:prompt_id>/", views.prompt, name="prompt"),
    path("prompts/<uuid:prompt_id>/delete", views.prompt_delete, name="prompt-delete"),
    path("brands/", brand_views.brand_list, name="brand-list"),
    path("brands/new/", brand_views.brand_new, name="brand-new"),
    path("brands/<uuid:brand_id>/", brand_views.brand, name="brand"),
    path("brands/<uuid:brand_id>/delete", brand_views.brand_delete, name="brand-delete"),
]
