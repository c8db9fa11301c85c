"""A small world of its own: addresses, a resolver that changes its mind, and who is connected to.

Runs in a network and mount namespace of its own, so that a public address, the metadata service and
port 53 can be played. Reads a plan from the first argument, writes what came of it to the second.
"""

import fcntl, json, os, socket, struct, subprocess, sys, threading

ADDRESSES = ["93.184.216.34", "169.254.169.254", "10.0.0.5", "192.168.1.5"]
SIOCSIFADDR, SIOCSIFNETMASK, SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8916, 0x891C, 0x8913, 0x8914, 1


def interface(name, request, value):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        return fcntl.ioctl(control, request, struct.pack("16s", name.encode()) + value)


def address(text):
    return struct.pack("HH4s8s", socket.AF_INET, 0, socket.inet_aton(text), b"")


def build_network():
    flags = struct.unpack("H", interface("lo", SIOCGIFFLAGS, bytes(16))[16:18])[0]
    interface("lo", SIOCSIFFLAGS, struct.pack("H14s", flags | IFF_UP, b""))
    for at, text in enumerate(ADDRESSES):
        interface(f"lo:{at}", SIOCSIFADDR, address(text))
        interface(f"lo:{at}", SIOCSIFNETMASK, address("255.255.255.255"))


def build_names(folder):
    for name, text in [
        ("resolv.conf", "nameserver 127.0.0.1\noptions attempts:1 timeout:1\n"),
        ("nsswitch.conf", "hosts: files dns\n"),
        ("hosts", "127.0.0.1 localhost\n"),
    ]:
        path = os.path.join(folder, name)
        with open(path, "w") as file:
            file.write(text)
        subprocess.run(["mount", "--bind", path, os.path.join("/etc", name)], check=True)


class Resolver:
    """Answers each look-up of a name with the next list of addresses; the last one stays."""

    def __init__(self):
        self.left, self.asked = [], []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            query, peer = self.socket.recvfrom(512)
            self.socket.sendto(self.answer(query), peer)

    def answer(self, query):
        end = query.index(b"\0", 12)
        labels, at = [], 12
        while at < end:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += query[at] + 1
        kind = struct.unpack("!H", query[end + 1 : end + 3])[0]
        family = {1: socket.AF_INET, 28: socket.AF_INET6}.get(kind)
        # A look-up asks for both families: a list is used up once both were asked for.
        said = [entry[0] for entry in self.asked].count(kind)
        self.asked.append((kind, ".".join(labels)))
        found = self.left[min(said, len(self.left) - 1)] if self.left else []
        records = b""
        for text in found:
            if (":" in text) == (family == socket.AF_INET6):
                data = socket.inet_pton(family, text)
                # Alive for no second: whoever asks again is told anew.
                records += b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 0, len(data)) + data
        count = sum((":" in text) == (family == socket.AF_INET6) for text in found)
        head = query[:2] + struct.pack("!HHHHH", 0x8180, 1, count, 0, 0)
        return head + query[12 : end + 5] + records

    def names(self):
        return [name for kind, name in self.asked if kind == 1]


class Device:
    """Answers HTTP and lines on every address, and tells on which it was reached."""

    def __init__(self, port):
        self.reached = []
        self.socket = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("::", port))
        self.socket.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            peer, _ = self.socket.accept()
            self.reached.append(peer.getsockname()[0].removeprefix("::ffff:"))
            threading.Thread(target=self.talk, args=(peer,), daemon=True).start()

    def talk(self, peer):
        with peer:
            if peer.recv(65536):
                peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")


def main():
    with open(sys.argv[1]) as file:
        plan = json.load(file)
    build_network()
    build_names(os.path.dirname(sys.argv[1]))
    resolver, device = Resolver(), Device(plan["port"])
    told = []
    for row in plan["rows"]:
        resolver.left, resolver.asked, device.reached = row["answers"], [], []
        runs = []
        for argv in row["commands"]:
            run = subprocess.run(argv, env=plan["env"], stdin=subprocess.DEVNULL, capture_output=True)
            runs.append([run.returncode, run.stdout.decode(), run.stderr.decode()])
        told.append({"runs": runs, "asked": resolver.names(), "reached": device.reached})
    with open(sys.argv[2], "w") as file:
        json.dump(told, file)


main()
