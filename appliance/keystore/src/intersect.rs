//! Finds the identifiers that bear all of several tags, newest first, without loading any tag's whole list.
//!
//! Leapfrog: each tag in turn is asked for its newest identifier not newer than the candidate; a tag that has to go
//! further back sets the new candidate. The work follows the tag that is rarest near the candidate, and memory is
//! one identifier.

use holdfast_model::ObjectId;
use holdfast_model::record::IndexTag;

/// `seek(tag, id)` gives the newest identifier under `tag` that is `id` or older.
pub(crate) fn newest_first<E>(
    tags: &[IndexTag],
    older_than: ObjectId,
    limit: usize,
    mut seek: impl FnMut(&IndexTag, ObjectId) -> Result<Option<ObjectId>, E>,
) -> Result<Vec<ObjectId>, E> {
    let mut found = Vec::new();
    let Some(mut candidate) = before(older_than) else { return Ok(found) };
    let mut agreed = 0;
    for tag in tags.iter().cycle() {
        if found.len() >= limit {
            break;
        }
        match seek(tag, candidate)? {
            None => break,
            Some(id) if id == candidate => agreed += 1,
            Some(id) => {
                candidate = id;
                agreed = 1;
            }
        }
        if agreed == tags.len() {
            found.push(candidate);
            agreed = 0;
            match before(candidate) {
                Some(next) => candidate = next,
                None => break,
            }
        }
    }
    Ok(found)
}

/// The identifier just before this one; none before the smallest.
pub(crate) fn before(id: ObjectId) -> Option<ObjectId> {
    let number = u128::from_be_bytes(*id.as_bytes());
    number.checked_sub(1).map(|n| ObjectId::from_bytes(n.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn id(n: u128) -> ObjectId {
        ObjectId::from_bytes(n.to_be_bytes())
    }

    #[test]
    fn the_intersection_equals_the_one_by_brute_force() {
        let tags: Vec<_> = (1..=4).map(|n| IndexTag([n; 16])).collect();
        let lists: BTreeMap<_, BTreeSet<_>> = tags
            .iter()
            .zip([2, 3, 5, 1])
            .map(|(tag, step)| (*tag, (0..500).filter(|n| n % step == 0).map(id).collect()))
            .collect();
        for chosen in [&tags[..1], &tags[..2], &tags[..3], &tags[..], &tags[1..3]] {
            for (older, limit) in [(ObjectId::MAX, 1000), (id(301), 7), (id(0), 5), (id(30), 0)] {
                let found = newest_first(chosen, older, limit, |tag, at| {
                    Ok::<_, ()>(lists[tag].range(..=at).next_back().copied())
                });
                let brute = (0..500).rev().map(id).filter(|n| *n < older);
                let brute = brute.filter(|n| chosen.iter().all(|tag| lists[tag].contains(n))).take(limit);
                assert_eq!(found, Ok(brute.collect()));
            }
        }
    }

    #[test]
    fn a_rare_tag_beside_a_frequent_one_costs_as_much_as_the_rare_one() {
        let (rare, frequent) = (IndexTag([1; 16]), IndexTag([2; 16]));
        let mut seeks = 0;
        let found = newest_first(&[frequent, rare], ObjectId::MAX, 10, |tag, at| {
            seeks += 1;
            let at = u128::from_be_bytes(*at.as_bytes()).min(1_000_000);
            Ok::<_, ()>(if *tag == frequent { Some(id(at)) } else { (at >= 5).then(|| id(5)) })
        });
        assert_eq!(found, Ok(vec![id(5)]));
        assert!(seeks < 10, "{seeks} seeks");
    }
}
