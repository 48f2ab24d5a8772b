//! Which user the processes run as.
//!
//! Reads /etc/passwd itself: the C library would load modules of the system's choice to answer.

use super::error::Problem;
use std::fs;

/// An unprivileged user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct User {
    /// Its user id, never 0.
    pub uid: u32,
    /// Its first group, never 0.
    pub gid: u32,
}

/// The user to become; `None`: stay who we are, which is nobody special.
pub(super) fn to_become(name: Option<&str>) -> Result<Option<User>, Problem> {
    decide(name, rustix::process::geteuid().as_raw(), &fs::read_to_string("/etc/passwd").unwrap_or_default())
}

fn decide(name: Option<&str>, now: u32, passwd: &str) -> Result<Option<User>, Problem> {
    let Some(name) = name else {
        return if now == 0 { Err(Problem::NoUser) } else { Ok(None) };
    };
    let user = find(name, passwd).ok_or_else(|| Problem::UnknownUser { name: name.to_owned() })?;
    match now {
        0 => Ok(Some(user)),
        _ if now == user.uid => Ok(None),
        _ => Err(Problem::OtherUser { name: name.to_owned(), now }),
    }
}

/// passwd(5): name, password, uid, gid, and what does not matter here.
fn find(name: &str, passwd: &str) -> Option<User> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    let uid = fields.next()?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    (uid != 0 && gid != 0).then_some(User { uid, gid })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nholdfast:x:990:991::/:/bin/false\nadmin:x:5:0::/:\n";

    #[test]
    fn root_becomes_the_configured_user_and_never_stays_root() {
        assert_eq!(decide(Some("holdfast"), 0, PASSWD).unwrap(), Some(User { uid: 990, gid: 991 }));
        assert!(matches!(decide(None, 0, PASSWD), Err(Problem::NoUser)));
        assert!(matches!(decide(Some("root"), 0, PASSWD), Err(Problem::UnknownUser { .. })));
        assert!(matches!(decide(Some("admin"), 0, PASSWD), Err(Problem::UnknownUser { .. })));
        assert!(matches!(decide(Some("nobody-here"), 0, PASSWD), Err(Problem::UnknownUser { .. })));
    }

    #[test]
    fn an_ordinary_user_stays_itself_and_cannot_become_another() {
        assert_eq!(decide(None, 990, PASSWD).unwrap(), None);
        assert_eq!(decide(Some("holdfast"), 990, PASSWD).unwrap(), None);
        assert!(matches!(decide(Some("holdfast"), 1000, PASSWD), Err(Problem::OtherUser { .. })));
    }
}
