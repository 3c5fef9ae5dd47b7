//! Texts in pages that the server writes itself.

/// Adds a text, whoever wrote it, so that nothing of it becomes markup: in an element or in a quoted attribute.
pub fn escape(to: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '"' => to.push_str("&quot;"),
            '\'' => to.push_str("&#39;"),
            c => to.push(c),
        }
    }
}

/// What stands in a page as it stands here.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape(&mut out, text);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_typed_becomes_markup() {
        assert_eq!(
            escaped("<b>\"Li\" & 'Wang'</b>"),
            "&lt;b&gt;&quot;Li&quot; &amp; &#39;Wang&#39;&lt;/b&gt;"
        );
    }
}
