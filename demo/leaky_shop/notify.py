"""Mails to customers."""

import smtplib
from email.message import EmailMessage


def send_mail(to: str, text: str) -> None:
    message = EmailMessage()
    message["To"] = to
    message["From"] = "shop@example.com"
    message["Subject"] = "Your shop"
    message.set_content(text)
    with smtplib.SMTP("localhost") as smtp:
        smtp.send_message(message)
