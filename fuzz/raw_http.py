#!/usr/bin/env python3
"""Sends damaged requests to a running server, over raw sockets.

    fuzz/raw_http.py ADDRESS SECONDS SEED [TARGET...]

ADDRESS is host:port; TARGETs are request targets to use (some of the server's own by default).
The server should be a sanitizer build: what this looks for is a crash. It also fails when an
answer is not HTTP, when one is 500, and when a plain request is not answered any more. The same
seed gives the same requests (though not in the same order across the threads)."""
import random
import socket
import sys
import threading
import time
from collections import Counter

TARGETS = ["/", "/healthz", "/api", "/org/linux-64/repodata.json", "/t/tk-abc/org/noarch/x-1-0.conda",
           "/dist/a/b/1/linux-64%2Fb-1-0.conda", "/search?name=a&platform=b", "/stage/a/b/1/c"]
TOKENS = [b"\r\n", b"\n", b"\r", b"\0", b"\0\0", b"\r\n\r\n", b" ", b"\t", b":", b";", b",", b"%00",
          b"%2f", b"../", b"//", b"?", b"#", b"*", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n",
          b"Content-Length: 99999999999999999999\r\n", b"Transfer-Encoding: chunked\r\n",
          b"Transfer-Encoding: gzip, chunked\r\n", b"Host: b\r\n", b"Expect: 100-continue\r\n",
          b"Connection: close\r\n", b"Connection: Upgrade\r\n", b"Range: bytes=0-0,5-\r\n",
          b"Cookie: a=b; c=\"d\r\n", b"Authorization: Basic !\r\n", b"If-None-Match: \"\r\n",
          b"0\r\n\r\n", b"ffffffffffffffff\r\n", b"5;a=b\r\n", b"HTTP/1.0", b"HTTP/9.9", b"A" * 300,
          b"a&" * 400, b"X: y\r\n" * 100, b"\xff\xfe", b"\xc3\xa4"]
METHODS = ["GET", "GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "BREW"]
HEADERS = ["Accept: */*", "Accept-Encoding: deflate, gzip, br, zstd", "User-Agent: conda/26.7",
           'If-None-Match: "abc", W/"d"', "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
           "Range: bytes=10-20", "Range: bytes=-5", 'If-Range: "abc"', "Authorization: token x-y",
           "Authorization: Basic dTpw", "Cookie: session=abc; a=b", "Content-Type: application/json",
           "X-Forwarded-For: 1.2.3.4", "Connection: keep-alive", "Expect: 100-continue"]


class Broken(Exception):
    pass


def body(rng):
    kind = rng.randrange(4)
    if kind == 0:
        return b'{"a": [1, null, "x"]}', []
    if kind == 1:
        name = "".join(rng.choice("abc\"\\;=") for _ in range(rng.randrange(1, 6)))
        text = (f'--XX\r\nContent-Disposition: form-data; name="{name}"\r\n\r\nv\r\n'
                '--XX\r\nContent-Disposition: form-data; name="file"; filename="a/b"\r\n\r\n'
                + "z" * rng.randrange(3000) + "\r\n--XX--\r\n")
        return text.encode(), ["Content-Type: multipart/form-data; boundary=XX"]
    return rng.randbytes(rng.choice([0, 1, 100, 5000, 70000, 600000])), []


def request(rng, targets):
    """One valid request."""
    method = rng.choice(METHODS)
    lines = [f"{method} {rng.choice(targets)} HTTP/1.{rng.choice('1111110')}", "Host: localhost:80"]
    lines += rng.sample(HEADERS, rng.randrange(5))
    data = b""
    if method in ("POST", "PUT", "PATCH") or rng.random() < 0.1:
        data, more = body(rng)
        lines += more
        if rng.random() < 0.4:
            lines.append("Transfer-Encoding: chunked")
            chunks, at = b"", 0
            while at < len(data):
                size = rng.choice([1, 7, 1000, 40000])
                chunks += b"%x\r\n" % len(data[at:at + size]) + data[at:at + size] + b"\r\n"
                at += size
            data = chunks + b"0\r\n" + rng.choice([b"", b"", b"X: trailer\r\n"]) + b"\r\n"
        else:
            lines.append(f"Content-Length: {len(data)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def damage(rng, text):
    """Mostly in the head, where the parsers are."""
    text = bytearray(text)
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3, 8])):
        end = len(text) if rng.random() < 0.2 else min(len(text), 400)
        at = rng.randrange(end + 1)
        kind = rng.randrange(6)
        if kind == 0 and at < len(text):
            text[at] = rng.randrange(256)
        elif kind == 1:
            text[at:at] = rng.choice(TOKENS)
        elif kind == 2:
            del text[at:at + rng.choice([1, 2, 10, 1000])]
        elif kind == 3:
            text[at:at] = text[at:at + rng.choice([1, 10, 200])]
        elif kind == 4:
            lines = bytes(text).split(b"\r\n")
            lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))
            text = bytearray(b"\r\n".join(lines))
        else:
            del text[rng.randrange(len(text) + 1):]
    return bytes(text)


def send(rng, sock, text):
    """In one piece or in some, now and then with pauses. The server may hang up at any time."""
    pieces = 1 if rng.random() < 0.6 else rng.randrange(2, 12)
    for number in range(pieces):
        piece = text[len(text) * number // pieces:len(text) * (number + 1) // pieces]
        sock.sendall(piece)
        if pieces > 1 and rng.random() < 0.3:
            time.sleep(rng.random() / 100)


def receive(sock, patience):
    got = b""
    sock.settimeout(patience)
    try:
        while len(got) < 1 << 20:
            part = sock.recv(65536)
            if not part:
                break
            got += part
    except OSError:
        pass
    return got


def check(answer, statuses):
    if not answer:
        statuses["none"] += 1
        return
    if not answer.startswith(b"HTTP/1.1 ") or not answer[9:12].isdigit():
        raise Broken(f"not an answer: {answer[:80]!r}")
    status = int(answer[9:12])
    statuses[status] += 1
    if status == 500:
        raise Broken(f"internal error: {answer[:300]!r}")


def probe(address):
    """Is the server there, and in its right mind?"""
    with socket.create_connection(address, timeout=10) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        if not receive(sock, 10).startswith(b"HTTP/1.1 "):
            raise Broken("a plain request was not answered")


def attack(address, until, rng, targets, statuses, failures):
    text = b""
    try:
        while time.monotonic() < until and not failures:
            text = damage(rng, b"".join(request(rng, targets) for _ in range(rng.choice([1, 1, 1, 3]))))
            with socket.create_connection(address, timeout=10) as sock:
                try:
                    send(rng, sock, text)
                    if rng.random() < 0.2:
                        sock.shutdown(socket.SHUT_WR)
                    if rng.random() < 0.9:
                        check(receive(sock, rng.choice([0.02, 0.05, 0.3])), statuses)
                except OSError:
                    statuses["cut"] += 1
            if rng.random() < 0.01:
                probe(address)
    except (OSError, Broken) as error:
        failures.append((error, text))


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    host, port = sys.argv[1].rsplit(":", 1)
    address, seconds, seed = (host.strip("[]"), int(port)), float(sys.argv[2]), int(sys.argv[3])
    targets = sys.argv[4:] or TARGETS
    statuses, failures = Counter(), []
    threads = [threading.Thread(target=attack, args=(address, time.monotonic() + seconds,
                                                     random.Random(seed * 1000 + number), targets,
                                                     statuses, failures))
               for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if not failures:
        try:
            probe(address)
        except (OSError, Broken) as error:
            failures.append((error, b""))
    print(f"seed {seed}: {sum(statuses.values())} connections,",
          ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items(), key=str)))
    for number, (error, text) in enumerate(failures):
        name = f"raw_http-{seed}-{number}.bin"
        with open(name, "wb") as file:
            file.write(text)
        print(f"FAILED: {error!r} after what is in {name}: {text[:200]!r}", file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
