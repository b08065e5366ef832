"""Paths of pages of agents and personas that show runs or spend money. Those that only change agents are in agents.web.urls."""

from django.urls import path

from runs.web import agent_chat, agent_test, agents, personas

urlpatterns = [
    path("agents/", agents.agent_list, name="agent-list"),
    path("agents/test/", agent_test.agent_test, name="agent-test"),
    path("agents/<uuid:agent_id>/", agents.agent, name="agent"),
    path("agents/<uuid:agent_id>/test/", agent_test.agent_test, name="agent-test-of"),
    path("agents/<uuid:agent_id>/chat/", agent_chat.agent_chat, name="agent-chat"),
    path("personas/preview/", personas.persona_preview, name="persona-preview"),
]
