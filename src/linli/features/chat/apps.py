from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "linli.features.chat"
    label = "chat"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from linli.features.chat.channel import WeChat
        from linli.ledger.channels import CHANNELS, CHAT

        CHANNELS[CHAT] = WeChat
