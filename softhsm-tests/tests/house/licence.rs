//! Decides whether a licence expression can be met with licences that are allowed.
//!
//! Rules: SPDX specification 2.3, annex D. `A/B` is an old way to write `A OR B`.

use std::collections::BTreeSet;

/// Whether some choice that the expression offers needs allowed licences only.
pub(crate) fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let met = any_of(&mut words, allowed);
    met && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any_of(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    let mut met = all_of(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= all_of(words, allowed);
    }
    met
}

fn all_of(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    let mut met = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let met = any_of(words, allowed);
        return met & words.next_if_eq(&")").is_some();
    }
    let Some(licence) = words.next() else { return false };
    // An exception only permits more.
    if words.next_if_eq(&"WITH").is_some() {
        words.next();
    }
    allowed.contains(licence)
}

#[test]
fn a_choice_needs_one_allowed_licence_and_a_sum_all() {
    let allowed = BTreeSet::from(["MIT".to_owned(), "ISC".to_owned()]);
    for good in
        ["MIT", "MIT OR GPL-3.0", "GPL-3.0/MIT", "ISC AND (GPL-2.0 OR MIT)", "MIT WITH LLVM-exception"]
    {
        assert!(is_allowed(good, &allowed), "{good}");
    }
    for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT", "MIT MIT", "ISC AND (GPL-2.0 OR OpenSSL)"] {
        assert!(!is_allowed(bad, &allowed), "{bad}");
    }
}
