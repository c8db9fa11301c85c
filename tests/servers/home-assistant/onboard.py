"""Makes the first user of a fresh Home Assistant, and tokens as its users would make them.

Prints JSON: long-lived tokens of an administrator and of a user without rights, and one that has
expired. Usage: onboard.py http://127.0.0.1:PORT
"""

import asyncio
import json
import sys

import aiohttp

BASE = sys.argv[1]
CLIENT = BASE + "/"


class Socket:
    def __init__(self, socket):
        self.socket, self.last = socket, 0

    @classmethod
    async def open(cls, session, token):
        socket = await session.ws_connect(BASE + "/api/websocket")
        await socket.receive_json()
        await socket.send_json({"type": "auth", "access_token": token})
        answer = await socket.receive_json()
        assert answer["type"] == "auth_ok", answer
        return cls(socket)

    async def ask(self, kind, **fields):
        self.last += 1
        await self.socket.send_json({"id": self.last, "type": kind, **fields})
        answer = await self.socket.receive_json()
        assert answer["success"], answer
        return answer["result"]


async def token_for(session, code):
    form = {"grant_type": "authorization_code", "code": code, "client_id": CLIENT}
    async with session.post(BASE + "/auth/token", data=form) as answer:
        return (await answer.json())["access_token"]


async def log_in(session, username, password):
    begin = {"client_id": CLIENT, "handler": ["homeassistant", None], "redirect_uri": CLIENT}
    async with session.post(BASE + "/auth/login_flow", json=begin) as answer:
        flow = (await answer.json())["flow_id"]
    words = {"client_id": CLIENT, "username": username, "password": password}
    async with session.post(f"{BASE}/auth/login_flow/{flow}", json=words) as answer:
        return await token_for(session, (await answer.json())["result"])


async def main():
    async with aiohttp.ClientSession() as session:
        owner = {
            "client_id": CLIENT,
            "name": "Owner",
            "username": "owner",
            "password": "owner-password-for-tests",
            "language": "en",
        }
        async with session.post(BASE + "/api/onboarding/users", json=owner) as answer:
            access = await token_for(session, (await answer.json())["auth_code"])
        socket = await Socket.open(session, access)
        make = "auth/long_lived_access_token"
        administrator = await socket.ask(make, client_name="operator", lifespan=3650)
        expired = await socket.ask(make, client_name="expired", lifespan=-1)
        guest = (await socket.ask("config/auth/create", name="Guest", group_ids=["system-users"]))["user"]
        await socket.ask(
            "config/auth_provider/homeassistant/create",
            user_id=guest["id"],
            username="guest",
            password="guest-password-for-tests",
        )
        access = await log_in(session, "guest", "guest-password-for-tests")
        socket = await Socket.open(session, access)
        user = await socket.ask(make, client_name="guest", lifespan=3650)
        print(json.dumps({"administrator": administrator, "user": user, "expired": expired}))


asyncio.run(main())
