#!/usr/bin/env python3
"""Makes wire.json from PROTOCOL.md alone: standard library only, no code of the project. Run: python3 make.py > wire.json"""
import hashlib
import json
import struct

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
HELLO, REFUSE, GOODBYE, MOVED, PING, PONG = 1, 2, 3, 4, 5, 6
SEND, REQUEST, RESPONSE, REJECT, CANCEL, BROADCAST = 0x10, 0x11, 0x12, 0x13, 0x14, 0x20
JOIN, FORWARD_JOIN, NEIGHBOUR, NEIGHBOUR_REPLY, UNNEIGHBOUR, SHUFFLE = 0x30, 0x31, 0x32, 0x33, 0x34, 0x35
IHAVE, GRAFT, PRUNE, GONE, SIGNED, PROBE = 0x21, 0x22, 0x23, 0x24, 0x25, 0x36

# RFC 8032, section 7.1: secret keys and public keys of TEST 1, TEST 2, TEST 3
KEYS = [
    ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
    ("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
    ("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"),
]


# Ed25519 as RFC 8032, section 5.1, defines it: points as x and y, slowly
P = 2 ** 255 - 19
L = 2 ** 252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (15112221349535400772501151409588531511454012693041857206046113283949847762202, BASE_Y)


def plus(a, b):
    product = D * a[0] * b[0] * a[1] * b[1] % P
    return ((a[0] * b[1] + b[0] * a[1]) * pow(1 + product, P - 2, P) % P,
            (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, P - 2, P) % P)


def times(factor, point):
    result = (0, 1)
    while factor:
        if factor & 1:
            result = plus(result, point)
        point = plus(point, point)
        factor >>= 1
    return result


def packed(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def number(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def sign(index, message):
    secret, public = (bytes.fromhex(part) for part in KEYS[index])
    hashed = hashlib.sha512(secret).digest()
    scalar = int.from_bytes(hashed[:32], "little") & (1 << 254) - 8 | 1 << 254
    assert packed(times(scalar, BASE)) == public
    once = number(hashed[32:], message) % L
    point = packed(times(once, BASE))
    return point + ((once + number(point, public, message) * scalar) % L).to_bytes(32, "little")


def base58(data):
    number = int.from_bytes(data, "big")
    text = ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABET[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def header(kind, name=b"", flags=0):
    return bytes([1, kind, flags, len(name)])


def text8(text):
    data = text.encode()
    return bytes([len(data)]) + data


def u32(n):
    return struct.pack(">I", n)


def u48(n):
    return struct.pack(">Q", n)[2:]


def addresses(items):
    return bytes([len(items)]) + b"".join(map(text8, items))


IDS = [hashlib.sha384(bytes.fromhex(public)).digest() for _, public in KEYS]


def contact(index, items):
    return IDS[index] + addresses(items)


def contacts(items):
    return bytes([len(items)]) + b"".join(contact(*item) for item in items)


def ranges(items):
    return struct.pack(">H", len(items)) + b"".join(
        IDS[origin] + u48(epoch) + u48(first) + u48(last) for origin, epoch, first, last in items)


def tag(network):
    return hashlib.sha256(b"@p2p/mesh network\n" + network.encode()).digest()


def statement(network, epoch, sequence, entries):
    return b"@p2p/mesh origin\n" + tag(network) + u48(epoch) + u48(sequence) + hashlib.sha256(entries).digest()


def signed(network, age, origin, epoch, sequence, messages):
    entries = b"".join(bytes([len(name.encode())]) + name.encode() + u32(len(body) // 2) + bytes.fromhex(body) for name, body in messages)
    return (header(SIGNED) + u32(age) + IDS[origin] + u48(epoch) + u48(sequence) + bytes.fromhex(KEYS[origin][1])
            + sign(origin, statement(network, epoch, sequence, entries)) + entries)


def hello(fields):
    held = fields["held"]
    proof = fields["proof"]
    return (header(HELLO, flags=fields["signed"]) + bytes([fields["oldest"], fields["newest"]]) + tag(fields["network"])
            + bytes.fromhex(fields["publicKey"]) + bytes.fromhex(fields["incarnation"]) + u32(fields["serial"])
            + bytes.fromhex(fields["nonce"]) + u48(fields["epoch"]) + u48(fields["sequence"])
            + (b"" if proof is None else bytes.fromhex(proof["digest"] + proof["signature"])) + addresses(fields["addresses"])
            + (b"\xff" if held is None else bytes([len(held)]) + b"".join(map(bytes.fromhex, held))))


HELLOS = [
    dict(oldest=1, newest=1, network="demo", publicKey=KEYS[0][1], incarnation="0001020304050607", serial=1,
         nonce="f0f1f2f3f4f5f6f7", epoch=0, sequence=0, addresses=["tcp://127.0.0.1:4444", "tcp://[::1]:4444"], held=None, signed=False, proof=None),
    dict(oldest=1, newest=3, network="größer", publicKey=KEYS[1][1], incarnation="ffffffffffffffff",
         serial=4294967295, nonce="0000000000000000", epoch=281474976710655, sequence=70000, addresses=[],
         held=["0000000000000000", "f0f1f2f3f4f5f6f7"], signed=False, proof=None),
    dict(oldest=1, newest=1, network="demo", publicKey=KEYS[2][1], incarnation="0001020304050607", serial=2,
         nonce="f0f1f2f3f4f5f6f7", epoch=1763719200000, sequence=3, addresses=[], held=[], signed=True,
         proof=dict(digest=hashlib.sha256(b"entries").hexdigest(), signature=sign(0, statement("demo", 1763719200000, 3, b"entries")).hex())),
]

name = b"/chat/1"
body = bytes.fromhex("81a474657874a5" + b"hello".hex())  # {"text": "hello"} in msgpack
runs = [[0, 1763719200000, 1, 70000], [2, 1, 281474976710655, 281474976710655]]
one, two = [0, ["tcp://127.0.0.1:1"]], [1, []]
plain = [
    ("refuse", dict(reason=1, text="no"), header(REFUSE) + bytes([1]) + text8("no")),
    ("goodbye", dict(reason=9, text="bis später"), header(GOODBYE) + bytes([9]) + text8("bis später")),
    ("moved", {}, header(MOVED)),
    ("ping", dict(token=16909060), header(PING) + u32(16909060)),
    ("pong", dict(token=4294967295), header(PONG) + u32(4294967295)),
    ("send", dict(protocol="/chat/1", body=body.hex()), header(SEND, name) + name + body),
    ("request", dict(id=7, protocol="/chat/1", body=body.hex()), header(REQUEST, name) + u32(7) + name + body),
    ("response", dict(id=7, body="c0"), header(RESPONSE) + u32(7) + b"\xc0"),
    ("reject", dict(id=7, code="P2P_NO_HANDLER", message="nobody"),
     header(REJECT) + u32(7) + text8("P2P_NO_HANDLER") + text8("nobody")),
    ("cancel", dict(id=4294967295), header(CANCEL) + u32(4294967295)),
    ("broadcast", dict(age=1500, origin=0, epoch=1763719200000, sequence=70000, protocol="/chat/1", body=body.hex()),
     header(BROADCAST, name) + u32(1500) + IDS[0] + u48(1763719200000) + u48(70000) + name + body),
    ("signed", dict(network="demo", age=0, origin=1, epoch=1763719200000, sequence=1, messages=[["/chat/1", body.hex()]]),
     signed("demo", 0, 1, 1763719200000, 1, [["/chat/1", body.hex()]])),
    ("signed", dict(network="größer", age=1500, origin=0, epoch=140737488355327, sequence=70000, messages=[["/chat/1", body.hex()], ["ü", "c0"], ["/chat/1", ""]]),
     signed("größer", 1500, 0, 140737488355327, 70000, [["/chat/1", body.hex()], ["ü", "c0"], ["/chat/1", ""]])),
    ("join", {}, header(JOIN)),
    ("forwardJoin", dict(hops=5, contact=one), header(FORWARD_JOIN) + bytes([5]) + contact(*one)),
    ("neighbour", dict(urgent=True), header(NEIGHBOUR) + b"\1"),
    ("neighbourReply", dict(accepted=False, contacts=[one, two]), header(NEIGHBOUR_REPLY) + b"\0" + contacts([one, two])),
    ("unneighbour", dict(contacts=[]), header(UNNEIGHBOUR) + contacts([])),
    ("ihave", dict(ranges=runs), header(IHAVE) + ranges(runs)),
    ("graft", dict(ranges=runs[:1]), header(GRAFT) + ranges(runs[:1])),
    ("gone", dict(ranges=[]), header(GONE) + ranges([])),
    ("prune", {}, header(PRUNE)),
    ("probe", dict(asks=True, root=2, pulse=77), header(PROBE) + b"\1" + IDS[2] + u48(77)),
    ("probe", dict(asks=False, root=None, pulse=0), header(PROBE) + b"\0" + bytes(48) + u48(0)),
    ("shuffle", dict(hops=3, contacts=[two, one]), header(SHUFFLE) + bytes([3]) + contacts([two, one])),
]

print(json.dumps(dict(
    identities=[dict(secretKey=secret, publicKey=public, id=base58(hashlib.sha384(bytes.fromhex(public)).digest()))
                for secret, public in KEYS],
    hellos=[dict(fields=fields, hex=hello(fields).hex()) for fields in HELLOS],
    messages=[dict(kind=kind, fields=fields, hex=data.hex()) for kind, fields, data in plain],
), indent=1, ensure_ascii=False))
