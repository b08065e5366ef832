"""Sign-in by link or password, sign-out, the switch to another project, settings and the account."""

from django.urls import path

from evalhub.accounts import views
from evalhub.accounts.web import account, keys, members, project, shell

urlpatterns = [
    path("sign-in", views.SignIn.as_view(), name="sign-in"),
    path("sign-in/<str:uid>/<str:token>", views.sign_in_by_link, name="sign-in-link"),
    path("sign-out", views.SignOut.as_view(), name="sign-out"),
    path("project", views.project_switch, name="project-switch"),
    path("account/", account.account, name="account"),
    path("account/password", account.password, name="account-password"),
    path("account/sessions/<int:session_id>/end", account.session_end, name="account-session-end"),
    path("account/sessions/end-others", account.sessions_end_others, name="account-sessions-end"),
    path("settings/", shell.settings_home, name="settings"),
    path("settings/keys/", keys.keys, name="settings-keys"),
    path("settings/keys/<uuid:key_id>/revoke", keys.key_revoke, name="settings-key-revoke"),
    path("settings/members/", members.members, name="settings-members"),
    path("settings/members/<uuid:member_id>/role", members.member_role, name="settings-member-role"),
    path("settings/members/<uuid:member_id>/remove", members.member_end, name="settings-member-remove"),
    path("settings/members/<uuid:member_id>/link", members.member_link, name="settings-member-link"),
    path("settings/project/", project.project, name="settings-project"),
    path("settings/project/rename", project.rename, name="settings-project-rename"),
    path("settings/project/start", project.start, name="settings-project-start"),
]
