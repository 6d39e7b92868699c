from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "linli.features.webhooks"
    label = "webhooks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from linli.features.webhooks import channel, queries
        from linli.ledger import announce
        from linli.ledger.channels import CHANNELS

        announce.ask(queries.anybody)
        CHANNELS[announce.OUTSIDE] = channel.FanOut
