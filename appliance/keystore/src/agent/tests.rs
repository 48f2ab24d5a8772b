use super::*;
use crate::Memory;
use crate::conformance::{any_of, put, record, tenant};
use holdfast_model::Sequence;
use holdfast_model::record::{Revision, SealedRecord};
use holdfast_ports::envelope;
use holdfast_ports::keystore::{Expected, Health, Keystore, Query};
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;

/// Orders to stop as soon as its peer closes.
struct StopWhenClosed(UnixStream);

impl AsFd for StopWhenClosed {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Orders for StopWhenClosed {
    fn next(&mut self) -> Result<Option<Event>, String> {
        Ok(Some(Event::Stop))
    }
}

/// Counts flushes: calls of `commit`.
#[derive(Default)]
struct Counting {
    inner: Memory,
    flushes: Vec<usize>,
}

impl Keystore for Counting {
    fn commit(&mut self, commits: &[Vec<Write>]) -> Vec<Result<(), KeystoreError>> {
        self.flushes.push(commits.len());
        self.inner.commit(commits)
    }
    fn get(
        &mut self,
        name: &holdfast_model::record::RecordName,
    ) -> Result<Option<SealedRecord>, KeystoreError> {
        self.inner.get(name)
    }
    fn find(&mut self, query: &Query) -> Result<Vec<holdfast_model::ObjectId>, KeystoreError> {
        self.inner.find(query)
    }
    fn list(&mut self, query: &Query) -> Result<Vec<SealedRecord>, KeystoreError> {
        self.inner.list(query)
    }
    fn purge(&mut self, tenant: TenantId) -> Result<(), KeystoreError> {
        self.inner.purge(tenant)
    }
    fn append_bundle(&mut self, sequence: Sequence, bundle: &[u8]) -> Result<(), KeystoreError> {
        self.inner.append_bundle(sequence, bundle)
    }
    fn next_bundle(&mut self, after: Sequence) -> Result<Option<(Sequence, Vec<u8>)>, KeystoreError> {
        self.inner.next_bundle(after)
    }
    fn health(&mut self) -> Result<Health, KeystoreError> {
        self.inner.health()
    }
}

impl Backend for Counting {
    fn purge_step(&mut self, tenant: TenantId) -> Result<Purge, KeystoreError> {
        self.inner.purge_step(tenant)
    }
}

/// Sends all requests on one link each, lets the agent work until they are answered, and gives the answers in the
/// order of the requests.
fn exchange(backend: &mut dyn Backend, requests: &[Request]) -> Vec<Reply> {
    let (stop, stopped) = UnixStream::pair().unwrap();
    let (mut near, far): (Vec<_>, Vec<_>) = requests
        .iter()
        .map(|_| UnixStream::pair().unwrap())
        .map(|(a, b)| (Link::new(a.into()).unwrap(), Link::new(b.into()).unwrap()))
        .unzip();
    for (number, (link, request)) in (7..).zip(near.iter_mut().zip(requests)) {
        link.queue(|out| envelope::write(out, Correlation(number), request)).unwrap();
        assert!(link.flush().unwrap(), "a test's request fits the socket");
    }
    std::thread::scope(|scope| {
        let answers = scope.spawn(move || {
            let answers = (7..).zip(&mut near).map(|(number, link)| {
                loop {
                    link.fill().unwrap();
                    if let Some(content) = link.next_frame().unwrap() {
                        let (correlation, reply) = envelope::read(content).unwrap();
                        assert_eq!(correlation, Correlation(number));
                        return reply;
                    }
                    std::thread::sleep(Duration::from_micros(50));
                }
            });
            let answers = answers.collect();
            drop(stop);
            answers
        });
        serve(&mut Links::new(far), &mut StopWhenClosed(stopped), backend).unwrap();
        answers.join().unwrap()
    })
}

#[test]
fn every_request_gets_the_reply_of_its_kind() {
    let mut backend = Memory::default();
    let first = record(tenant("acme"), 1, 1, &[1]);
    let query = any_of(tenant("acme"), &[1]);
    let replies = exchange(
        &mut backend,
        &[Request::Commit(vec![put(&first, Expected::Absent)]), Request::AppendBundle(Sequence(1), vec![1])],
    );
    assert_eq!(replies, [Reply::Done, Reply::Done]);
    let replies = exchange(
        &mut backend,
        &[
            Request::Get(first.name),
            Request::Find(query.clone()),
            Request::List(query),
            Request::NextBundle(Sequence(0)),
            Request::Commit(vec![put(&first, Expected::Absent)]),
            Request::AppendBundle(Sequence(1), vec![1]),
        ],
    );
    let conflict = Reply::Failed(KeystoreError::Conflict);
    assert_eq!(
        replies,
        [
            Reply::Record(Some(first.clone())),
            Reply::Found(vec![first.name.id]),
            Reply::Records(vec![first.clone()]),
            Reply::Bundle(Some((Sequence(1), vec![1]))),
            conflict.clone(),
            conflict,
        ]
    );
    assert_eq!(exchange(&mut backend, &[Request::Purge(tenant("acme"))]), [Reply::Done]);
    assert_eq!(exchange(&mut backend, &[Request::Get(first.name)]), [Reply::Record(None)]);
}

#[test]
fn commits_that_arrive_together_share_one_flush_and_a_conflict_spoils_no_other() {
    let mut backend = Counting::default();
    let acme = tenant("acme");
    let commit = |id| Request::Commit(vec![put(&record(acme, id, 1, &[]), Expected::Absent)]);
    let replies = exchange(&mut backend, &[commit(1), commit(1), commit(2)]);
    assert_eq!(replies, [Reply::Done, Reply::Failed(KeystoreError::Conflict), Reply::Done]);
    assert_eq!(backend.flushes, [3]);
}

#[test]
fn a_read_in_the_same_round_as_a_commit_sees_the_state_before_it() {
    let mut backend = Counting::default();
    let one = record(tenant("acme"), 1, 1, &[]);
    let replies =
        exchange(&mut backend, &[Request::Commit(vec![put(&one, Expected::Absent)]), Request::Get(one.name)]);
    assert_eq!(replies, [Reply::Done, Reply::Record(None)]);
}

#[test]
fn a_commit_for_a_tenant_that_is_being_purged_is_put_off() {
    let mut backend = Memory::default();
    let one = record(tenant("acme"), 1, Revision(1).0, &[]);
    let replies = exchange(
        &mut backend,
        &[Request::Purge(tenant("acme")), Request::Commit(vec![put(&one, Expected::Absent)])],
    );
    assert_eq!(replies, [Reply::Done, Reply::Failed(KeystoreError::Unavailable)]);
}
