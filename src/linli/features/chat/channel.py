"""Answers by chat: a way out of the outbox, with WeChat's own reasons for not delivering in words."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from linli.features.chat import api
from linli.ledger.channels import Outgoing, Undelivered
from linli.people.models import Person

FINAL = {
    45015: "对方 48 小时内没有发过消息，微信不许再发 (out of the 48 h window)",
    45047: "对方没有回复，微信不许再发 (too many messages without an answer)",
    43004: "对方没有关注公众号 (does not follow the account)",
    43005: "对方不是好友 (no friend)",
    40003: "这个 openid 不是本公众号的 (openid of another account)",
    48001: "公众号没有客服消息权限 (the account may not send customer-service messages)",
}
"""Codes after which another try is of no use: each is a recorded failed attempt."""


class WeChat:
    """Customer-service messages of an Official Account."""

    def __init__(self) -> None:
        self.account: Any = settings.WECHAT

    def address(self, person: Person) -> str:
        """The openid."""
        return person.chat

    def send(self, message: Outgoing) -> None:
        """Send it; raises Undelivered."""
        if self.account is None:
            raise Undelivered("no WeChat account is set up (LINLI_WECHAT_APP_ID)", final=True)
        try:
            api.of(self.account).send(message.to, message.text)
        except api.Failed as wrong:
            if wrong.code in FINAL:
                raise Undelivered(f"{wrong.code}: {FINAL[wrong.code]}", final=True) from None
            raise Undelivered(f"WeChat: {wrong}", down=wrong.code is None) from None

    def close(self) -> None:
        """Connections stay in the pool of the process."""
