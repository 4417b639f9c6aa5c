//! Kinds of files that are taken in, and how they are known: by what they hold, with which their name has to agree.

/// Bytes at the beginning of a file that are looked at.
pub const HEAD: usize = 8 * 1024;

/// One kind of file.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// What people call it: `PDF`, `Word document`.
    pub label: &'static str,
    /// What it is served as, and kept as.
    pub mime: &'static str,
    /// The endings of its names.
    extensions: &'static [&'static str],
    /// How its content is known.
    signature: Signature,
}

/// How the content of a file is known.
#[derive(Debug, PartialEq, Eq)]
enum Signature {
    /// `infer` finds one of these.
    Magic(&'static [&'static str]),
    /// A ZIP archive, as office documents are today. It is never unpacked here.
    Archive(&'static str),
    /// An OLE container, as office documents used to be.
    Container,
    /// Text in UTF-8 that is nothing else.
    Text,
}

/// What OLE containers begin with.
const OLE: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

const fn magic(
    label: &'static str,
    mime: &'static str,
    extensions: &'static [&'static str],
    found: &'static [&'static str],
) -> Kind {
    Kind { label, mime, extensions, signature: Signature::Magic(found) }
}

const fn archive(label: &'static str, mime: &'static str, extensions: &'static [&'static str]) -> Kind {
    Kind { label, mime, extensions, signature: Signature::Archive(mime) }
}

const fn container(label: &'static str, mime: &'static str, extensions: &'static [&'static str]) -> Kind {
    Kind { label, mime, extensions, signature: Signature::Container }
}

const fn text(label: &'static str, mime: &'static str, extensions: &'static [&'static str]) -> Kind {
    Kind { label, mime, extensions, signature: Signature::Text }
}

/// Every kind that is taken in. What is not here is refused.
const KINDS: [Kind; 30] = [
    magic("PDF", "application/pdf", &["pdf"], &["application/pdf"]),
    magic("JPEG image", "image/jpeg", &["jpg", "jpeg"], &["image/jpeg"]),
    magic("PNG image", "image/png", &["png"], &["image/png"]),
    magic("GIF image", "image/gif", &["gif"], &["image/gif"]),
    magic("WebP image", "image/webp", &["webp"], &["image/webp"]),
    magic("TIFF image", "image/tiff", &["tif", "tiff"], &["image/tiff"]),
    magic("HEIC image", "image/heic", &["heic", "heif"], &["image/heif", "image/heic"]),
    archive("Word document", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", &["docx"]),
    archive("Excel workbook", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", &["xlsx"]),
    archive(
        "PowerPoint slides",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        &["pptx"],
    ),
    archive("OpenDocument text", "application/vnd.oasis.opendocument.text", &["odt"]),
    archive("OpenDocument spreadsheet", "application/vnd.oasis.opendocument.spreadsheet", &["ods"]),
    archive("OpenDocument slides", "application/vnd.oasis.opendocument.presentation", &["odp"]),
    container("Word document", "application/msword", &["doc"]),
    container("Excel workbook", "application/vnd.ms-excel", &["xls"]),
    container("PowerPoint slides", "application/vnd.ms-powerpoint", &["ppt"]),
    container("Outlook message", "application/vnd.ms-outlook", &["msg"]),
    magic("Rich text", "application/rtf", &["rtf"], &["application/rtf", "text/rtf"]),
    text("Text", "text/plain", &["txt", "text", "md"]),
    text("CSV table", "text/csv", &["csv"]),
    magic("MP3 sound", "audio/mpeg", &["mp3"], &["audio/mpeg"]),
    magic("M4A sound", "audio/mp4", &["m4a"], &["audio/m4a", "video/mp4", "audio/mp4"]),
    magic("WAV sound", "audio/wav", &["wav"], &["audio/x-wav", "audio/wav"]),
    magic("Ogg sound", "audio/ogg", &["ogg", "oga"], &["audio/ogg", "audio/opus"]),
    magic("Opus sound", "audio/opus", &["opus"], &["audio/ogg", "audio/opus"]),
    magic("FLAC sound", "audio/flac", &["flac"], &["audio/x-flac", "audio/flac"]),
    magic("MP4 video", "video/mp4", &["mp4"], &["video/mp4"]),
    magic("iPhone video", "video/x-m4v", &["m4v"], &["video/x-m4v", "video/mp4"]),
    magic("QuickTime video", "video/quicktime", &["mov"], &["video/quicktime"]),
    magic("WebM video", "video/webm", &["webm"], &["video/webm", "video/x-matroska"]),
];

/// The attribute `accept` of a file field: a help for who chooses, not a check.
#[must_use]
pub fn accept() -> String {
    let endings = KINDS.iter().flat_map(|kind| kind.extensions).map(|ending| format!(".{ending}"));
    endings.collect::<Vec<_>>().join(",")
}

/// What a file with a name of this ending is, by its first bytes; or why it is not taken, in words.
pub fn identify(extension: Option<&str>, head: &[u8]) -> Result<&'static Kind, String> {
    const TAKEN: &str = "Documents can be PDF, pictures, office documents, text, CSV, sound or video";
    let Some(extension) = extension else {
        return Err(format!("its name has no ending that says what it is. {TAKEN}"));
    };
    let Some(kind) = KINDS.iter().find(|kind| kind.extensions.contains(&extension)) else {
        return Err(format!("files whose name ends in .{extension} are not accepted. {TAKEN}"));
    };
    if kind.is_of(head) {
        Ok(kind)
    } else {
        Err(format!("its name says {}, but that is not what it holds", kind.label))
    }
}

/// What is known of a kept file by the type it was found to be.
#[must_use]
pub fn by_mime(mime: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.mime == mime)
}

impl Kind {
    /// Whether text may be looked through as such.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.signature == Signature::Text
    }

    /// The picture beside its name.
    #[must_use]
    pub fn icon(&self) -> &'static str {
        match self.mime.split('/').next() {
            Some("image") => "image",
            Some("video") => "video",
            _ => "file-text",
        }
    }

    fn is_of(&self, head: &[u8]) -> bool {
        let found = infer::get(head).map(|found| found.mime_type());
        match self.signature {
            Signature::Magic(expected) => found.is_some_and(|found| expected.contains(&found)),
            Signature::Archive(expected) => found.is_some_and(|found| found == expected || found == "application/zip"),
            Signature::Container => head.starts_with(&OLE),
            Signature::Text => found.is_none() && is_text(head) && !is_markup(head),
        }
    }
}

/// UTF-8, perhaps cut in the last character, without characters that no text has.
fn is_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty() && !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\x0c'))
}

/// What a browser might take for a page or a script, wherever it got the file from.
fn is_markup(head: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&head[..head.len().min(1024)])
        .trim_start_matches('\u{feff}')
        .trim_start()
        .to_lowercase();
    ["<!doctype", "<html", "<?xml", "<?php", "<script", "<svg", "<!--", "<body", "<head", "<iframe", "#!"]
        .iter()
        .any(|opening| start.starts_with(opening))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PDF: &[u8] = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n";
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const ZIP: &[u8] = b"PK\x03\x04\x14\0\0\0\x08\0";

    #[test]
    fn the_content_and_the_name_have_to_agree() {
        for (name, head, mime) in [
            ("pdf", PDF, Some("application/pdf")),
            ("png", PNG, Some("image/png")),
            ("jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0", Some("image/jpeg")),
            ("txt", b"Dear Mrs Okafor,\r\n", Some("text/plain")),
            ("txt", "Grüße, 日本".as_bytes(), Some("text/plain")),
            ("csv", b"name;date\nx;2026-11-01\n", Some("text/csv")),
            ("docx", ZIP, Some("application/vnd.openxmlformats-officedocument.wordprocessingml.document")),
            ("doc", &OLE, Some("application/msword")),
            ("pdf", PNG, None),
            ("png", PDF, None),
            ("exe", b"MZ\x90\0", None),
            ("pdf", b"MZ\x90\0", None),
            ("jpg", b"<!doctype html><script>alert(1)</script>", None),
            ("txt", b"  <HTML><body>", None),
            ("txt", b"#!/bin/sh\n", None),
            ("txt", b"one\0two", None),
            ("txt", PDF, None),
            ("csv", b"\xff\xfea\0", None),
            ("zip", ZIP, None),
            ("html", b"<html>", None),
            ("svg", b"<svg xmlns=", None),
        ] {
            assert_eq!(identify(Some(name), head).ok().map(|kind| kind.mime), mime, "{name} {head:?}");
        }
        assert!(identify(None, PDF).is_err());
    }

    #[test]
    fn text_may_be_cut_in_the_middle_of_a_character() {
        assert!(identify(Some("txt"), &"añ".as_bytes()[..2]).is_ok());
    }

    #[test]
    fn the_names_of_types_fit_the_schema() {
        for kind in &KINDS {
            let (major, minor) = kind.mime.split_once('/').expect("two parts");
            assert!(major.chars().all(|c| c.is_ascii_lowercase()), "{}", kind.mime);
            assert!(minor.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".+-".contains(c)));
        }
    }
}
