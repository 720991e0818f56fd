"""Files that are made to break their readers, and frames that are made to break a connection. Start at `files_that_break` and `Socket`.

`python crafted.py DIR` writes the files: making some of them takes more memory than whoever measures memory should ever have had."""
import base64, json, os, pathlib, select, socket, struct, sys, zlib

import files

MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def word(body, doctype=""):
    return files.archive({"[Content_Types].xml": files.content_types(**{"word/document.xml": "wordprocessingml.document.main"}),
                          "_rels/.rels": files.relations(("officeDocument", "word/document.xml")),
                          "word/document.xml": f'<?xml version="1.0"?>{doctype}<w:document xmlns:w="{MAIN}"><w:body>{body}</w:body></w:document>'})


def book(sheet, **more):
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return files.archive({"[Content_Types].xml": files.content_types(**{"xl/workbook.xml": "spreadsheetml.sheet.main", "xl/worksheets/sheet1.xml": "spreadsheetml.worksheet"}),
                          "_rels/.rels": files.relations(("officeDocument", "xl/workbook.xml")), "xl/_rels/workbook.xml.rels": files.relations(("worksheet", "worksheets/sheet1.xml")),
                          "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{files.RELATIONS}"><sheets><sheet name="L" sheetId="1" r:id="r1"/></sheets></workbook>',
                          "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}">{sheet}</worksheet>', **more})


def objects(*bodies, trailer=""):
    """A PDF of these objects, the first of which is its catalog."""
    out, places = b"%PDF-1.7\n", []
    for number, it in enumerate(bodies, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + (it if isinstance(it, bytes) else it.encode("latin-1")) + b"\nendobj\n"
    entries = "".join(f"{at:010} 00000 n \n" for at in places)
    return out + f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n{entries}trailer\n<< /Size {len(bodies) + 1} /Root 1 0 R {trailer} >>\nstartxref\n{len(out)}\n%%EOF\n".encode()


def packed(data, filters=1):
    for _ in range(filters):
        data = zlib.compress(data, 9)
    return f"<< /Length {len(data)} /Filter [{'/FlateDecode ' * filters}] >>\nstream\n".encode() + data + b"\nendstream"


CATALOG, FONT = "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def one_page(content, more="", page=""):
    return [CATALOG, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R {page} /Resources << /Font << /F1 5 0 R >> {more} >> >>", content, FONT]


def files_that_break():
    """What: kind, bytes. None is larger than what a server takes in (5 MB)."""
    laughs = "<!DOCTYPE l [<!ENTITY a0 'ha'>" + "".join(f"<!ENTITY a{at} '{f'&a{at - 1};' * 10}'>" for at in range(1, 12)) + "]>"
    deep = 200_000
    shown = lambda text: packed(b"BT /F1 9 Tf 60 700 Td (" + text + b") Tj ET")
    made = {
        "a Word document that unpacks to 200 MB": ("docx", word("<w:p><w:r><w:t>" + " " * 200_000_000 + "a</w:t></w:r></w:p>")),
        "a Word document of 3,000,000 paragraphs": ("docx", word("<w:p/>" * 3_000_000)),
        "entities within entities, in Word": ("docx", word("<w:p><w:r><w:t>&a11;</w:t></w:r></w:p>", laughs)),
        "200,000 tables in each other": ("docx", word("<w:tbl><w:tr><w:tc>" * deep + "<w:p><w:r><w:t>a</w:t></w:r></w:p>")),
        "an archive of 20,000 parts": ("docx", files.archive({"word/document.xml": "<w:document/>", **{f"p{at}": "" for at in range(20_000)}})),
        "a cell at the far end of a sheet": ("xlsx", book('<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>')),
        "rows that have no end": ("xlsx", book("<sheetData>" + '<row><c t="inlineStr"><is><t>a</t></is></c>' * 300_000)),
        "strings that are not there": ("xlsx", book('<sheetData><row r="1"><c r="A1" t="s"><v>4294967295</v></c></row></sheetData>')),
        "200,000 boxes in each other": ("html", b"<div>" * deep + b"words"),
        "200,000 tables in each other, on a page": ("html", b"<table><tr><td>" * deep + b"words"),
        "a cell over a billion columns": ("html", b"<table><tr><td colspan=1000000000 rowspan=1000000000>words</table>"),
        "a million attributes": ("html", b"<p " + b" ".join(b"a%d=1" % at for at in range(400_000)) + b">words"),
        "100,000 formatting elements that are never closed": ("html", b"<p>" + b"<b><i><a>" * 100_000 + b"words" + b"<p>" * 100_000),
        "a million lists in each other": ("json", b"[" * 1_000_000),
        "objects in each other to the end of the file": ("json", b'{"a":' * 500_000 + b"1" + b"}" * 500_000),
        "a number of a million digits": ("json", b'{"a": ' + b"9" * 1_000_000 + b"}"),
        "a quote that is never closed": ("csv", b'a,b\n"' + b"x,\n" * 1_000_000),
        "a row of two million cells": ("csv", b"," * 2_000_000),
        "a word of five million letters": ("txt", b"a" * 5_000_000),
        "half a letter at each place": ("txt", b"\xff\xfe" + b"\x00\xd8" * 1_000_000),
        "nothing but zeros": ("txt", b"\0" * 1_000_000),
        "a million stars": ("md", b"*" * 1_000_000 + b"\n" + b"> " * 200_000 + b"words"),
        "a PDF that says it has a billion pages": ("pdf", objects(CATALOG, "<< /Type /Pages /Kids [3 0 R] /Count 1000000000 >>", "<< /Type /Page /Parent 2 0 R >>")),
        "pages that are their own parents": ("pdf", objects(CATALOG, "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 /Parent 2 0 R >>")),
        "a list of pages that doubles forty times": ("pdf", objects(CATALOG, *[f"<< /Type /Pages /Kids [{at + 1} 0 R {at + 1} 0 R] /Count 2 >>" for at in range(2, 42)], "<< /Type /Page >>")),
        "100,000 lists in each other, in a PDF": ("pdf", objects(*one_page("<< /Length 9 >>\nstream\nBT ET\nendstream"), "[" * 100_000 + "]" * 100_000)),
        "100,000 lists in each other, on a page": ("pdf", objects(*one_page(packed(b"[" * 100_000 + b" TJ")))),
        "a page that unpacks to a gigabyte": ("pdf", objects(*one_page(gigabyte()))),
        "a page packed ten times": ("pdf", objects(*one_page(packed(b"BT /F1 9 Tf (a) Tj ET " * 100_000, 10)))),
        "a form that shows itself": ("pdf", objects(*one_page(packed(b"/X Do"), "/XObject << /X 6 0 R >>"), "<< /Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources << /XObject << /X 6 0 R >> >> /Length 5 >>\nstream\n/X Do\nendstream")),
        "letters that stand for four billion others": ("pdf", objects(*one_page(shown(b"abc"))[:4], "<< /Type /Font /Subtype /Type0 /BaseFont /A /Encoding /Identity-H /ToUnicode 6 0 R /DescendantFonts [7 0 R] >>",
                                                       packed(b"1 begincodespacerange <00000000> <FFFFFFFF> endcodespacerange 1 beginbfrange <00000000> <FFFFFFFF> <0041> endbfrange"),
                                                       "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /A /W [0 4294967295 500] /DW 1000 >>")),
        "two million words at one place": ("pdf", objects(*one_page(packed(b"BT /F1 9 Tf " + b"(word) Tj " * 2_000_000 + b"ET")))),
        "numbers beyond all numbers": ("pdf", objects(*one_page(packed(b"BT /F1 1e308 Tf 1e308 1e308 1e308 1e308 1e308 -1e308 Tm (a) Tj 99999999999999999999 0 Td (b) Tj ET"), page="/Rotate 99999999999 /UserUnit 1e308"))),
        "objects that are only references to each other": ("pdf", objects("2 0 R", "3 0 R", "1 0 R")),
        "a table of places that points into itself": ("pdf", b"%PDF-1.7\nxref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 1 /Root 1 0 R /Prev 9 >>\nstartxref\n9\n%%EOF\n"),
    }
    return made


def gigabyte():
    """A gigabyte of spaces, packed without ever having them all."""
    pack = zlib.compressobj(9)
    data = b"".join(pack.compress(b" " * 10_000_000) for _ in range(100)) + pack.flush()
    return f"<< /Length {len(data)} /Filter /FlateDecode >>\nstream\n".encode() + data + b"\nendstream"


class Socket:
    """A WebSocket that says what it is told to, be it allowed or not."""

    def __init__(self, port, token, timeout_s=10):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout_s)
        self.left = b""
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(f"GET /ws HTTP/1.1\r\nhost: house\r\nauthorization: Bearer {token}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
                            f"sec-websocket-key: {key}\r\n\r\n".encode())
        while b"\r\n\r\n" not in self.left:
            self.left += self.more()
        head, self.left = self.left.split(b"\r\n\r\n", 1)
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise RuntimeError(head.decode("latin-1").splitlines()[0])

    def more(self):
        data = self.socket.recv(65536)
        if not data:
            raise EOFError
        return data

    def send(self, opcode, data, first=0x80, is_masked=True, length=None):
        """`first`: the bits before the opcode. `length`: what it claims to be."""
        size = len(data) if length is None else length
        head = bytes([first | opcode])
        mark = 0x80 if is_masked else 0
        head += bytes([mark | size]) if size < 126 else bytes([mark | 126]) + struct.pack(">H", size) if size < 65536 else bytes([mark | 127]) + struct.pack(">Q", size)
        if is_masked:
            mask = b"\x11\x22\x33\x44"
            data = bytes(it ^ mask[at % 4] for at, it in enumerate(data))
            head += mask
        self.push(memoryview(head + data))

    def push(self, data):
        """Who is answered while no more can be said stops there: the other side has heard enough, and may take nothing else."""
        while data:
            heard, free, _ = select.select([self.socket], [self.socket], [], self.socket.gettimeout())
            if free:
                data = data[self.socket.send(data):]
            elif heard:
                return
            else:
                raise TimeoutError

    def take(self, count):
        while len(self.left) < count:
            self.left += self.more()
        data, self.left = self.left[:count], self.left[count:]
        return data

    def hear(self):
        """The next frame: opcode and bytes."""
        first, size = self.take(2)
        if size == 126:
            size = struct.unpack(">H", self.take(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self.take(8))[0]
        return first & 0x0f, self.take(size)

    def close(self):
        self.socket.close()


# What clients say, and what they may say wrongly.
SAYINGS = [{"type": "question", "question": "say w 3 1"}, {"type": "question", "question": "Why?", "context": "a", "personality": "b", "chat_id": None, "web_search_enabled": False},
           {"type": "cancel"}, {"type": "pong"}, {"type": "resume", "last_event_id": "01a1fc96-0241-7626-afe9-000000000000:7"}, {"type": "question", "question": ""},
           {"type": "question", "question": 7, "chat_id": "x"}, {"type": "hello"}, {"type": None}, [], "a", 1, {"type": "question", "question": "a\u0000b" * 50}]


def saying(pick):
    return json.dumps(pick.choice(SAYINGS)).encode()


def out_of_order(pick, to):
    """Something that the rules of WebSockets do not allow, or just do: what, whether it lets the conversation go on, and how to do it.
    Not done here: the server may hang up in the middle of it, and what was begun must be known then."""
    choices = {
        "not masked": (lambda: to.send(1, saying(pick), is_masked=False), False), "a bit that is reserved": (lambda: to.send(1, saying(pick), first=0x80 | pick.choice([0x40, 0x20, 0x10])), False),
        "an opcode that is reserved": (lambda: to.send(pick.choice([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]), b"a"), False), "a ping that is too long": (lambda: to.send(9, b"a" * 126), False),
        "a ping in pieces": (lambda: to.send(9, b"a", first=0), False), "a rest without a beginning": (lambda: to.send(0, b"a"), False), "letters that are none": (lambda: to.send(1, b"\xff\xfe{}"), False),
        "a frame of two megabytes": (lambda: to.send(1, b" " * 2_000_000), False), "a length beyond all": (lambda: to.send(1, b"a", length=(1 << 63) + 1), False),
        "a close with a wrong code": (lambda: to.send(8, struct.pack(">H", pick.choice([0, 999, 1005, 5000]))), False), "a close with one byte": (lambda: to.send(8, b"a"), False),
        "bytes": (lambda: to.send(2, os.urandom(50)), True), "an empty frame": (lambda: to.send(1, b""), True), "a pong that nobody asked for": (lambda: to.send(10, b"abc"), True),
        "two hundred pings": (lambda: [to.send(9, b"a") for _ in range(200)], True),
        "a ping between two pieces": (lambda: (to.send(1, b'{"type":', first=0), to.send(9, b"a"), to.send(0, b'"hello"}')), True),
    }
    name = pick.choice(list(choices))
    act, goes_on = choices[name]
    return name, goes_on, act


if __name__ == "__main__":
    into, index = pathlib.Path(sys.argv[1]), []
    for number, (name, (kind, data)) in enumerate(files_that_break().items()):
        (into / f"{number}.{kind}").write_bytes(data)
        index.append((name, kind, f"{number}.{kind}"))
    (into / "index.json").write_text(json.dumps(index))
