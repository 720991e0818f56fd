//! Files of many kinds, made of texts that a test knows: PDF, Word, Excel, and what is wrong with them.
//!
//! They are as small as their kinds allow, and as their readers expect them.

use std::io::{Cursor, Write};

use zip::{ZipWriter, write::SimpleFileOptions};

/// A PDF with a page for each text. A line of a text is a line of the page.
pub fn pdf(pages: &[&str]) -> Vec<u8> {
    let mut file = Pdf::default();
    let font = file.add(
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".into(),
    );
    let kids = pages.iter().map(|text| {
        let content = file.add_stream("", &shown(text));
        (content, format!("<< /Font << /F1 {font} 0 R >> >>"))
    });
    let kids: Vec<_> = kids.collect();
    file.finish(&kids, "")
}

/// A PDF whose pages are pictures, as a scanner makes them.
pub fn pdf_of_pictures(pages: usize) -> Vec<u8> {
    let mut file = Pdf::default();
    let picture = file.add_stream(
        "/Type /XObject /Subtype /Image /Width 8 /Height 8 /ColorSpace /DeviceGray /BitsPerComponent 8",
        &[0x7f; 64],
    );
    let kids = (0..pages).map(|_| {
        let content = file.add_stream("", b"q 612 0 0 792 0 0 cm /I1 Do Q");
        (content, format!("<< /XObject << /I1 {picture} 0 R >> >>"))
    });
    let kids: Vec<_> = kids.collect();
    file.finish(&kids, "")
}

/// A PDF that is locked with a password which nobody knows.
pub fn pdf_locked() -> Vec<u8> {
    let mut file = Pdf::default();
    let content = file.add_stream("", &shown("Nobody reads this."));
    let secret = "00".repeat(32);
    let lock = file.add(format!(
        "<< /Filter /Standard /V 2 /R 3 /Length 128 /P -3904 /O <{secret}> /U <{secret}> >>"
    ));
    let id = "0123456789abcdef0123456789abcdef";
    let trailer = format!("/Encrypt {lock} 0 R /ID [<{id}> <{id}>]");
    file.finish(&[(content, "<< >>".into())], &trailer)
}

/// A Word document with a paragraph for each text.
pub fn docx(paragraphs: &[&str]) -> Vec<u8> {
    let paragraph = |it: &&str| {
        format!("<w:p><w:r><w:t xml:space=\"preserve\">{}</w:t></w:r></w:p>", escaped(it))
    };
    let body: String = paragraphs.iter().map(paragraph).collect();
    let document = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
         <w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">\
         <w:body>{body}</w:body></w:document>"
    );
    archive(&[
        ("[Content_Types].xml", CONTENT_TYPES_DOCX.as_bytes()),
        ("_rels/.rels", RELATIONS_DOCX.as_bytes()),
        ("word/document.xml", document.as_bytes()),
    ])
}

/// A workbook with one sheet of these rows.
pub fn xlsx(rows: &[&[&str]]) -> Vec<u8> {
    let cell = |(at, text): (usize, &&str)| {
        let column = char::from(b'A' + u8::try_from(at).expect("a test has few columns"));
        (column, escaped(text))
    };
    let row = |(at, cells): (usize, &&[&str])| {
        let number = at + 1;
        let cells = cells.iter().enumerate().map(cell);
        let cells: String = cells
            .map(|(column, text)| {
                format!("<c r=\"{column}{number}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
            })
            .collect();
        format!("<row r=\"{number}\">{cells}</row>")
    };
    let rows: String = rows.iter().enumerate().map(row).collect();
    let sheet = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><worksheet xmlns=\"{SPREADSHEET}\">\
         <sheetData>{rows}</sheetData></worksheet>"
    );
    workbook(&sheet, &[])
}

/// A workbook with this sheet, and with more parts that lie beside it.
pub fn workbook(sheet: &str, more: &[(&str, &[u8])]) -> Vec<u8> {
    let own: [(&str, &[u8]); 5] = [
        ("[Content_Types].xml", CONTENT_TYPES_XLSX.as_bytes()),
        ("_rels/.rels", RELATIONS_XLSX.as_bytes()),
        ("xl/workbook.xml", WORKBOOK.as_bytes()),
        ("xl/_rels/workbook.xml.rels", RELATIONS_WORKBOOK.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ];
    archive(&[&own[..], more].concat())
}

/// A zip archive of these files.
///
/// # Panics
/// When memory cannot be written to.
pub fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(*name, SimpleFileOptions::default()).expect("memory takes a file");
        archive.write_all(bytes).expect("memory takes bytes");
    }
    archive.finish().expect("memory takes an end").into_inner()
}

/// The operators that show a text, a line each.
fn shown(text: &str) -> Vec<u8> {
    let mut content = b"BT /F1 11 Tf 14 TL 72 720 Td\n".to_vec();
    for line in text.lines() {
        content.push(b'(');
        for letter in line.chars() {
            match letter {
                '(' | ')' | '\\' => content.extend([b'\\', letter as u8]),
                // Of Windows-1252 what Latin-1 has too.
                letter => content.push(u8::try_from(u32::from(letter)).unwrap_or(b'?')),
            }
        }
        content.extend_from_slice(b") Tj T*\n");
    }
    content.extend_from_slice(b"ET");
    content
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Objects of a PDF in the making. The first two are made last: the catalog and the list of pages.
#[derive(Default)]
struct Pdf {
    objects: Vec<Vec<u8>>,
}

impl Pdf {
    /// Adds an object; gives its number.
    fn add(&mut self, object: String) -> usize {
        self.objects.push(object.into_bytes());
        self.objects.len() + 2
    }

    fn add_stream(&mut self, entries: &str, bytes: &[u8]) -> usize {
        let mut object = format!("<< {entries} /Length {} >>\nstream\n", bytes.len()).into_bytes();
        object.extend_from_slice(bytes);
        object.extend_from_slice(b"\nendstream");
        self.objects.push(object);
        self.objects.len() + 2
    }

    /// The whole file, of pages given by their contents and resources.
    fn finish(mut self, pages: &[(usize, String)], trailer: &str) -> Vec<u8> {
        let mut kids = String::new();
        for (content, resources) in pages {
            let page = self.add(format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources {resources} \
                 /Contents {content} 0 R >>"
            ));
            kids.push_str(&format!("{page} 0 R "));
        }
        let first = [
            b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
            format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", pages.len()).into_bytes(),
        ];
        let mut file = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
        let mut places = Vec::new();
        for (at, object) in first.iter().chain(&self.objects).enumerate() {
            places.push(file.len());
            file.extend_from_slice(format!("{} 0 obj\n", at + 1).as_bytes());
            file.extend_from_slice(object);
            file.extend_from_slice(b"\nendobj\n");
        }
        let table = file.len();
        let count = places.len() + 1;
        file.extend_from_slice(format!("xref\n0 {count}\n0000000000 65535 f \n").as_bytes());
        for place in places {
            file.extend_from_slice(format!("{place:010} 00000 n \n").as_bytes());
        }
        let end = format!(
            "trailer\n<< /Size {count} /Root 1 0 R {trailer} >>\nstartxref\n{table}\n%%EOF\n"
        );
        file.extend_from_slice(end.as_bytes());
        file
    }
}

const SPREADSHEET: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";

const CONTENT_TYPES_DOCX: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
    <Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
    <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
    <Default Extension=\"xml\" ContentType=\"application/xml\"/>\
    <Override PartName=\"/word/document.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/>\
    </Types>";

const RELATIONS_DOCX: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
    <Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
    <Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"word/document.xml\"/>\
    </Relationships>";

const CONTENT_TYPES_XLSX: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
    <Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
    <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
    <Default Extension=\"xml\" ContentType=\"application/xml\"/>\
    <Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>\
    <Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/>\
    </Types>";

const RELATIONS_XLSX: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
    <Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
    <Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"xl/workbook.xml\"/>\
    </Relationships>";

const WORKBOOK: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
    <workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\">\
    <sheets><sheet name=\"Sheet1\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>";

const RELATIONS_WORKBOOK: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
    <Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
    <Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
    </Relationships>";
