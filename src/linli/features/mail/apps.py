from django.apps import AppConfig


class MailConfig(AppConfig):
    name = "linli.features.mail"
    label = "mail"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from linli.features.mail import acts
        from linli.ledger import retention

        retention.ALSO.append(acts.forget)
