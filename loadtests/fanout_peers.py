"""The alternatives in the fan-out benchmark: servers that a user would write in an hour. Each in a process of its own.

    python -m loadtests.fanout_peers trio-websocket|websockets

Whoever connects is a subscriber. A message `{"seq": n, ...}` is answered to its sender, then sent to all others, which
is all that is asked: no decision, no disk, no roles, no resuming. The address is printed.

- `trio-websocket`: a loop that encodes the event for each client and awaits the send;
- `websockets`: its `broadcast`, which frames once per call and never waits, on asyncio.
"""

import asyncio
import json
import sys

import trio
import trio_websocket
import websockets


async def serve_trio() -> None:
    everybody: set[trio_websocket.WebSocketConnection] = set()

    async def serve(request: trio_websocket.WebSocketRequest) -> None:
        socket = await request.accept()
        everybody.add(socket)
        try:
            while True:
                event = json.loads(await socket.get_message())
                await socket.send_message(json.dumps({"type": "answer", "seq": event["seq"]}))
                for each in list(everybody):
                    if each is not socket:
                        await each.send_message(json.dumps(event))
        except trio_websocket.ConnectionClosed:
            pass
        finally:
            everybody.discard(socket)

    async with trio.open_nursery() as nursery:
        server = await nursery.start(trio_websocket.serve_websocket, serve, "127.0.0.1", 0, None)
        print(f"ws://127.0.0.1:{server.port}", flush=True)


async def serve_asyncio() -> None:
    everybody: set[websockets.ServerConnection] = set()

    async def serve(socket: websockets.ServerConnection) -> None:
        everybody.add(socket)
        try:
            async for message in socket:
                event = json.loads(message)
                await socket.send(json.dumps({"type": "answer", "seq": event["seq"]}))
                websockets.broadcast(everybody - {socket}, json.dumps(event))
        except websockets.ConnectionClosed:
            pass
        finally:
            everybody.discard(socket)

    async with websockets.serve(serve, "127.0.0.1", 0, compression=None) as server:
        print(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1] == "websockets":
        asyncio.run(serve_asyncio())
    else:
        trio.run(serve_trio)
