"""The same papers as Word documents, web pages and PDFs, made by the libraries that people make them with: python-docx, reportlab, fpdf2.
A paper has pages, a page has headings, paragraphs, lists and a table; what is on it is known word by word. Start at `paper`."""
import datetime, io, random

import files

TITLES = "Care of the probe|Change of the seal|Weekly inspection|Before the first use|When the light is red|Storage in winter|Parts and intervals|What to record".split("|")
# What extraction trips over: marks, ligatures, letters of other languages, numbers, words with hyphens.
SPECIAL = ("office efficient flow affluent first-class re-use X-ray 3.5 mm 1,250 kPa 20 °C ±0.5 % 50/60 Hz “quoted” it’s naïve Größe Prüfstand façade señor "
           "A&B <none> e.g. i.e. [4] (see page 3) https://example.com/care?part=probe&lang=en info@example.com £12.50 €9").split()


def paper(seed, pages=4):
    """Pages of blocks: (kind, text or rows)."""
    pick = random.Random(seed)
    return [page(pick, number) for number in range(1, pages + 1)]


def page(pick, number):
    blocks = [("heading", f"{number}. {pick.choice(TITLES)}")]
    for _ in range(pick.randint(2, 3)):
        blocks.append(("paragraph", paragraph(pick)))
    if pick.random() < 0.7:
        blocks.append(("list", [files.sentence(pick) for _ in range(pick.randint(2, 5))]))
    if pick.random() < 0.6:
        rows = [["Part", "Interval", "Remark"]]
        rows += [[pick.choice(files.WORDS).capitalize(), f"{pick.randint(1, 52)} weeks", f"{pick.choice(files.WORDS)} {pick.choice(files.WORDS)}"] for _ in range(pick.randint(2, 6))]
        blocks.append(("table", rows))
    blocks.append(("paragraph", paragraph(pick)))
    return blocks


def paragraph(pick):
    said = []
    for _ in range(pick.randint(3, 6)):
        words = files.sentence(pick).split()
        if pick.random() < 0.4:
            words.insert(pick.randint(1, len(words) - 1), pick.choice(SPECIAL))
        said.append(" ".join(words))
    return " ".join(said)


def text_of(blocks):
    """All that is on a page, in the order in which it is read."""
    parts = []
    for kind, it in blocks:
        parts += [it] if kind in ("heading", "paragraph") else it if kind == "list" else [" ".join(row) for row in it]
    return "\n".join(parts)


def docx(pages):
    import docx
    made = docx.Document()
    for blocks in pages:
        for kind, it in blocks:
            if kind == "heading":
                made.add_heading(it, 1)
            elif kind == "paragraph":
                # Runs of their own, as editing leaves them.
                half = len(it) // 2
                into = made.add_paragraph()
                into.add_run(it[:half])
                into.add_run(it[half:]).bold = True
            elif kind == "list":
                for entry in it:
                    made.add_paragraph(entry, style="List Bullet")
            else:
                grid = made.add_table(len(it), len(it[0]))
                for at, row in enumerate(it):
                    for column, cell in enumerate(row):
                        grid.cell(at, column).text = cell
        made.add_page_break()
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def html(pages):
    from html import escape
    out = ["<!doctype html><html><head><meta charset=utf-8><title>Paper</title><style>p {margin: 0}</style><script>var unseen = 1;</script></head><body>"
           "<nav><ul><li><a href=/>Home of everything</a></li></ul></nav><main>"]
    for blocks in pages:
        for kind, it in blocks:
            if kind == "heading":
                out.append(f"<h2>{escape(it)}</h2>")
            elif kind == "paragraph":
                words = escape(it).split()
                words[0] = f"<b>{words[0]}</b>"
                out.append(f"<p>{' '.join(words)}</p>")
            elif kind == "list":
                out.append(f"<ul>{''.join(f'<li>{escape(entry)}' for entry in it)}</ul>")
            else:
                rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in it)
                out.append(f"<table>{rows}</table>")
    return ("".join(out) + "</main><footer>Nobody asks about this footer</footer></body></html>").encode()


def pdf(pages, columns=1, is_packed=True):
    """By reportlab, in one column or two, with a heading of the page on top."""
    from reportlab.lib import pagesizes, styles
    from reportlab.lib.units import mm
    from reportlab.platypus import BaseDocTemplate, Frame, ListFlowable, PageBreak, PageTemplate, Paragraph, Spacer, Table
    from xml.sax.saxutils import escape
    out = io.BytesIO()
    made = BaseDocTemplate(out, pagesize=pagesizes.A4, pageCompression=int(is_packed), title="Paper", invariant=1)
    width, height, edge, gap = *pagesizes.A4, 20 * mm, 8 * mm
    one = (width - 2 * edge - (columns - 1) * gap) / columns
    made.addPageTemplates(PageTemplate(frames=[Frame(edge + at * (one + gap), edge, one, height - 2 * edge, id=str(at)) for at in range(columns)]))
    style = styles.getSampleStyleSheet()
    story = []
    for blocks in pages:
        for kind, it in blocks:
            if kind in ("heading", "paragraph"):
                story.append(Paragraph(escape(it), style["Heading2" if kind == "heading" else "BodyText"]))
            elif kind == "list":
                story.append(ListFlowable([Paragraph(escape(entry), style["BodyText"]) for entry in it], bulletType="bullet"))
            else:
                story += [Table(it), Spacer(1, 3 * mm)]
        story.append(PageBreak())
    made.build(story)
    return out.getvalue()


def pdf_by_fpdf(pages):
    """By fpdf2: another one who writes PDFs, words set apart by their places, justified."""
    from fpdf import FPDF
    made = FPDF()
    made.set_creation_date(datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc))
    # Its own fonts know Latin-1 and no more.
    plain = lambda it: it.replace("“", '"').replace("”", '"').replace("’", "'").replace("€", "EUR ")
    for blocks in pages:
        made.add_page()
        for kind, it in blocks:
            made.set_font("Helvetica", "B" if kind == "heading" else "", 13 if kind == "heading" else 10)
            if kind in ("heading", "paragraph"):
                made.multi_cell(0, 5, plain(it), align="L" if kind == "heading" else "J", new_x="LMARGIN", new_y="NEXT")
            elif kind == "list":
                for entry in it:
                    made.multi_cell(0, 5, f"- {plain(entry)}", new_x="LMARGIN", new_y="NEXT")
            else:
                for row in it:
                    for cell in row:
                        made.cell(55, 6, plain(cell), border=1)
                    made.ln()
            made.ln(2)
    return bytes(made.output())


# name: kind, how it is made, and whether it has pages.
WAYS = {"docx, python-docx": ("docx", docx, False), "html": ("html", html, False), "pdf, reportlab": ("pdf", pdf, True),
        "pdf, reportlab, two columns": ("pdf", lambda pages: pdf(pages, 2), True), "pdf, reportlab, not packed": ("pdf", lambda pages: pdf(pages, is_packed=False), True),
        "pdf, fpdf2, justified": ("pdf", pdf_by_fpdf, True)}
