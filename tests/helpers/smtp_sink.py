"""A mail server of a few lines that keeps what it is sent."""

from __future__ import annotations

import base64
import email
import email.policy
import socketserver
import threading
from dataclasses import dataclass
from email.message import EmailMessage


@dataclass
class Mail:
    """One mail as it arrived."""

    sender: str
    recipients: list[str]
    message: EmailMessage


class SmtpSink:
    """Listens on loopback; with a user and a password it asks for them, with `refuse` it takes no recipient."""

    def __init__(self, user: str = "", password: str = "", refuse: bool = False) -> None:
        self.mails: list[Mail] = []
        self.user, self.password, self.refuse = user, password, refuse
        sink = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                sink._talk(self)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]

    def __enter__(self) -> SmtpSink:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *details: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _talk(self, line: socketserver.StreamRequestHandler) -> None:
        def say(text: str) -> None:
            line.wfile.write(f"{text}\r\n".encode())

        say("220 sink")
        sender, recipients = "", []
        while heard := line.rfile.readline().decode("utf-8", "replace").strip():
            verb = heard.split()[0].upper()
            if verb == "EHLO":
                say("250-sink\r\n250-8BITMIME\r\n250 AUTH PLAIN" if self.user else "250-sink\r\n250 8BITMIME")
            elif verb == "AUTH":
                given = base64.b64decode(heard.split()[2]).decode().split("\0")[1:]
                say("235 welcome" if given == [self.user, self.password] else f"535 not you: {given[1]}")
            elif verb == "MAIL":
                sender = heard.partition("<")[2].partition(">")[0]
                say("250 ok")
            elif verb == "RCPT":
                recipients.append(heard.partition("<")[2].partition(">")[0])
                say("550 nobody here" if self.refuse else "250 ok")
            elif verb == "DATA":
                say("354 go on")
                lines = []
                while (row := line.rfile.readline()) != b".\r\n":
                    lines.append(row.removeprefix(b"."))
                parsed = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
                assert isinstance(parsed, EmailMessage)
                self.mails.append(Mail(sender, recipients, parsed))
                say("250 kept")
            elif verb == "QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")
