"""A peer of the benchmark: terminado, served the way Jupyter serves it.

POST /sessions {"cmd": [...]} -> {"session_id": "1"}, DELETE /sessions/1, ws /ws/1 with terminado's own JSON messages.
"""

import asyncio
import json
import logging
import signal

import tornado.httpserver
import tornado.netutil
import tornado.web
from terminado import NamedTermManager, TermSocket


class Sessions(tornado.web.RequestHandler):
    """Starts sessions."""

    def initialize(self, manager):
        self.manager = manager

    def post(self):
        cmd = json.loads(self.request.body)["cmd"]
        name, _ = self.manager.new_named_terminal(shell_command=cmd)
        self.write({"session_id": name})


class Session(tornado.web.RequestHandler):
    """Ends a session."""

    def initialize(self, manager):
        self.manager = manager

    def delete(self, name):
        # The manager forgets it when its PTY closes.
        end(self.manager.terminals[name])


class Viewer(TermSocket):
    """terminado's socket, with small messages sent at once."""

    def open(self, name=None):
        self.set_nodelay(True)
        super().open(name)


def end(terminal):
    try:
        terminal.killpg(signal.SIGKILL)
    except ProcessLookupError:
        pass


async def main():
    manager = NamedTermManager(shell_command=["sh"])
    own = {"manager": manager}
    routes = [
        (r"/sessions", Sessions, own),
        (r"/sessions/(\w+)", Session, own),
        (r"/ws/(\w+)", Viewer, {"term_manager": manager}),
    ]
    sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
    server = tornado.httpserver.HTTPServer(tornado.web.Application(routes))
    server.add_sockets(sockets)
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    print(f"http://127.0.0.1:{sockets[0].getsockname()[1]}", flush=True)
    await stopped.wait()
    for terminal in list(manager.terminals.values()):
        end(terminal)


# A viewer that leaves amid output is a traceback per message to tornado; writing those would count as its cost.
logging.disable(logging.CRITICAL)
asyncio.run(main())
