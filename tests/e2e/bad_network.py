"""A proxy between the forwarder and the Worker that repeats every PUT and loses some answers."""

import http.server
import json
import threading

from processes import http as exchange

LOSE_EVERY = 3


class BadNetwork:
    """Listens on a port of its own; `with BadNetwork(target_port) as network:` ends it."""

    def __init__(self, target_port):
        self.puts = 0
        self.lost_answers = 0
        self.verdicts = []
        network = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):  # noqa: N802, the name is the library's
                self._answer(self._forward(None))

            def do_PUT(self):  # noqa: N802
                body = self.rfile.read(int(self.headers["Content-Length"]))
                network.puts += 1
                first = self._forward(body)
                again = self._forward(body)
                network.verdicts.append((first[0], again[0]))
                if network.puts % LOSE_EVERY == 0:
                    network.lost_answers += 1
                    self.close_connection = True
                    return
                self._answer(again)

            def _forward(self, body):
                kept = ("authorization", "content-type")
                headers = {name: value for name, value in self.headers.items() if name.lower() in kept}
                return exchange(self.command, f"http://127.0.0.1:{target_port}{self.path}", body, headers)

            def _answer(self, answer):
                status, body, fields = answer
                if status == 0:
                    self.close_connection = True
                    return
                raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                self.send_response(status)
                for name in ("Content-Type", "Retry-After"):
                    if fields.get(name):
                        self.send_header(name, fields[name])
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
