//! The XML of test cases as a tree: only what such files use.
#![allow(dead_code, reason = "each user needs a part of it")]

/// An element.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) tag: String,
    pub(crate) ty: String,
    pub(crate) value: String,
    pub(crate) children: Vec<Node>,
}

impl Node {
    /// Every element below with this tag.
    pub(crate) fn all(&self, tag: &str) -> Vec<&Node> {
        let mut found = Vec::new();
        for child in &self.children {
            if child.tag == tag {
                found.push(child);
            }
            found.extend(child.all(tag));
        }
        found
    }
}

/// Each message inside the outermost element, as a tree and as its text.
pub(crate) fn messages(text: &str) -> Vec<(Node, String)> {
    let mut out = Vec::new();
    let mut stack: Vec<(Node, usize)> = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find('<').map(|found| at + found) {
        if text[open..].starts_with("<!--") {
            at = open + text[open..].find("-->").unwrap() + 3;
            continue;
        }
        let close = open + text[open..].find('>').unwrap();
        at = close + 1;
        let inner = text[open + 1..close].trim();
        if inner.starts_with('?') {
            continue;
        }
        if inner.starts_with('/') {
            let (node, from) = stack.pop().unwrap();
            finish(node, &text[from..at], &mut stack, &mut out);
            continue;
        }
        let (inner, empty) = match inner.strip_suffix('/') {
            Some(inner) => (inner.trim(), true),
            None => (inner, false),
        };
        let tag = inner.split_whitespace().next().unwrap().to_owned();
        let node = Node {
            tag,
            ty: attribute(inner, "type"),
            value: attribute(inner, "value"),
            children: Vec::new(),
        };
        if empty {
            finish(node, &text[open..at], &mut stack, &mut out);
        } else {
            stack.push((node, open));
        }
    }
    out
}

fn finish(node: Node, text: &str, stack: &mut [(Node, usize)], out: &mut Vec<(Node, String)>) {
    match stack.len() {
        0 => {}
        1 => out.push((node, text.to_owned())),
        _ => stack.last_mut().unwrap().0.children.push(node),
    }
}

fn attribute(inner: &str, name: &str) -> String {
    let wanted = format!("{name}=\"");
    let Some(at) = inner.find(&wanted) else { return String::new() };
    let rest = &inner[at + wanted.len()..];
    plain(&rest[..rest.find('"').unwrap()])
}

/// A value without character references.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let end = at + rest[at..].find(';').unwrap();
        let name = &rest[at + 1..end];
        out.push(match (name, name.strip_prefix('#')) {
            (_, Some(number)) => {
                let code = match number.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16),
                    None => number.parse(),
                };
                char::from_u32(code.unwrap()).unwrap()
            }
            ("amp", _) => '&',
            ("lt", _) => '<',
            ("gt", _) => '>',
            ("quot", _) => '"',
            ("apos", _) => '\'',
            _ => panic!("unknown reference"),
        });
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    out
}
