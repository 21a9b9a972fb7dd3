"""The stand-in for AWS: moto's server, on several addresses with one state.

usage: aws-standin.py PORT ADDRESS...

moto's own command listens on one address. Ours are two, the loopback and the gateway of the engine's bridge: the first
for this machine, the second for containers, and neither for the network that the machine is in.
"""

import sys
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server


def main(port: int, addresses: list[str]) -> None:
    app = DomainDispatcherApplication(create_backend_app)
    servers = [make_server(address, port, app, threaded=True) for address in addresses]
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
