"""Files of many kinds with words that are known, made by nothing but Python's own library: as small as their kinds allow."""
import io, json, random, zipfile
from xml.sax.saxutils import escape

WORDS = ("probe seal pump valve filter reader sample fluid pressure sensor cable panel motor bearing heater cooler tank hose rotor stator gauge relay fuse "
         "calibrate replace inspect clean measure record adjust tighten drain refill lubricate test repeat report wait weekly monthly yearly slowly "
         "carefully always never before after during within under above red green blue old new small large left right upper lower first second").split()


def sentence(pick):
    words = [pick.choice(WORDS) for _ in range(pick.randint(5, 16))]
    return " ".join(words).capitalize() + pick.choice([".", ".", ".", "?", "!"])


def text(pick, sentences, begin="", end=""):
    """Sentences, in paragraphs; `begin` and `end` stand at its ends."""
    said = [sentence(pick) for _ in range(sentences)]
    paragraphs = [" ".join(said[at:at + 6]) for at in range(0, len(said), 6)]
    return "\n\n".join([it for it in (begin, *paragraphs, end) if it])


def html(title, words):
    return f"<!doctype html><html><head><title>{escape(title)}</title></head><body><main>{''.join(f'<p>{escape(it)}</p>' for it in words.split(chr(10) * 2))}</main></body></html>".encode()


def csv(rows):
    return "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows).encode()


def archive(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as into:
        for name, data in files.items():
            into.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


OFFICE = "application/vnd.openxmlformats-officedocument"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def relations(*targets):
    made = "".join(f'<Relationship Id="r{at}" Type="{RELATIONS}/{kind}" Target="{target}"/>' for at, (kind, target) in enumerate(targets, 1))
    return f'<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{made}</Relationships>'


def content_types(**parts):
    made = "".join(f'<Override PartName="/{name}" ContentType="{OFFICE}.{kind}+xml"/>' for name, kind in parts.items())
    return ('<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" '
            f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>{made}</Types>')


def docx(paragraphs):
    body = "".join(f'<w:p><w:r><w:t xml:space="preserve">{escape(it)}</w:t></w:r></w:p>' for it in paragraphs)
    return archive({"[Content_Types].xml": content_types(**{"word/document.xml": "wordprocessingml.document.main"}),
                    "_rels/.rels": relations(("officeDocument", "word/document.xml")),
                    "word/document.xml": f'<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>'})


def xlsx(rows):
    cells = lambda number, row: "".join(f'<c r="{chr(65 + at)}{number}" t="inlineStr"><is><t>{escape(it)}</t></is></c>' for at, it in enumerate(row))
    sheet = "".join(f'<row r="{number}">{cells(number, row)}</row>' for number, row in enumerate(rows, 1))
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return archive({"[Content_Types].xml": content_types(**{"xl/workbook.xml": "spreadsheetml.sheet.main", "xl/worksheets/sheet1.xml": "spreadsheetml.worksheet"}),
                    "_rels/.rels": relations(("officeDocument", "xl/workbook.xml")), "xl/_rels/workbook.xml.rels": relations(("worksheet", "worksheets/sheet1.xml")),
                    "xl/workbook.xml": f'<?xml version="1.0" encoding="UTF-8"?><workbook xmlns="{main}" xmlns:r="{RELATIONS}"><sheets><sheet name="List" sheetId="1" r:id="r1"/></sheets></workbook>',
                    "xl/worksheets/sheet1.xml": f'<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>'})


def pdf(pages):
    """Pages of lines; none: a picture and no text."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", None, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
               stream("/Type /XObject /Subtype /Image /Width 8 /Height 8 /ColorSpace /DeviceGray /BitsPerComponent 8", "~" * 64)]
    kids = []
    for lines in pages:
        shown = "q 612 0 0 792 0 0 cm /I1 Do Q"
        if lines is not None:
            inside = [it.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)") for it in lines]
            shown = "BT /F1 10 Tf 13 TL 60 740 Td\n" + "".join(f"({it}) Tj T*\n" for it in inside) + "ET"
        objects.append(stream("", shown))
        objects.append(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects)} 0 R /Resources << /Font << /F1 3 0 R >> /XObject << /I1 4 0 R >> >> >>")
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    out, places = b"%PDF-1.7\n", []
    for number, it in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{it}\nendobj\n".encode("latin-1", "replace")
    entries = "".join(f"{at:010} 00000 n \n" for at in places)
    return out + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{entries}trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n".encode()


def stream(about, data):
    return f"<< {about} /Length {len(data.encode('latin-1', 'replace'))} >>\nstream\n{data}\nendstream"


def lines_of(words, most=90):
    lines, line = [], ""
    for word in words.split():
        if len(line) + len(word) >= most:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return [*lines, line]


def one_of_each(seed=1):
    """One file of each kind that is read: name, bytes."""
    pick = random.Random(seed)
    words = text(pick, 12)
    rows = [["part", "weeks"], ["probe", "4"], ["seal, old", '5"2']]
    return [("a.txt", words.encode()), ("a.md", f"# Care\n\n{words}\n\n- one\n- two\n\n```\nx = 1\n```\n".encode()), ("a.html", html("Care", words)), ("a.csv", csv(rows)),
            ("a.json", json.dumps({"care": [{"part": "probe", "weeks": 4}, [2, {"c": None}]], "text": words}).encode()), ("a.docx", docx(words.split("\n\n"))),
            ("a.xlsx", xlsx(rows)), ("a.pdf", pdf([lines_of(words), ["A second page."]])), ("b.pdf", pdf([None]))]
