//! One operation's view of the request it is part of.

use super::tickets::Caller;
use crate::audited::Unaudited;
use crate::managed::Managed;
use crate::object::Object;
use crate::request::{Asker, Batch, Limits, done, of_scope};
use crate::scope::Scope;
use aws_lc_rs::digest;
use core::cell::Cell;
use holdfast_model::{KeyVersion, ObjectId};
use kmip::enums::{ObjectType, Operation};
use kmip::identifier::Identifier;
use kmip::result::Refusal;
use kmip::ttlv::Writer;
use kmip::version::Version;
use std::rc::Rc;

use crate::request::Leaves;

/// Writes a response payload.
pub(crate) type Payload = Box<dyn FnOnce(Version, &mut Writer<'_>)>;

/// What an operation yields: written only when its record is held.
pub struct Answer {
    /// Writes the response payload.
    pub(crate) payload: Payload,
    /// What it leaves for the items after it.
    pub leaves: Leaves,
}

impl Answer {
    /// An answer that leaves nothing.
    pub fn new(payload: impl FnOnce(Version, &mut Writer<'_>) + 'static) -> Self {
        Self { payload: Box::new(payload), leaves: Leaves::Nothing }
    }

    /// The same, and the placeholder is `id` from now on.
    #[must_use]
    pub fn leaving(self, id: ObjectId) -> Self {
        Self { leaves: Leaves::Object(id), ..self }
    }
}

/// One batch item under way.
pub struct Call<'c, S: Scope> {
    /// The tenant, and nothing beyond it.
    pub scope: &'c S,
    /// The version spoken.
    pub version: Version,
    /// Bounds.
    pub limits: &'c Limits,
    /// What is asked.
    pub operation: Operation,
    batch: &'c Batch,
    answered: Cell<Operation>,
    subject: Cell<Option<ObjectId>>,
    key_version: Cell<KeyVersion>,
}

impl<'c, S: Scope> Call<'c, S> {
    /// A call that has touched nothing yet.
    pub fn new(
        scope: &'c S,
        version: Version,
        limits: &'c Limits,
        operation: Operation,
        batch: &'c Batch,
    ) -> Self {
        let key_version = Cell::new(KeyVersion::default());
        let answered = Cell::new(operation);
        Self { scope, version, limits, operation, batch, answered, subject: Cell::new(None), key_version }
    }

    /// The operation that the answer is of: Poll is answered with that of the request it asks for.
    pub fn answered(&self) -> Operation {
        self.answered.get()
    }

    /// Notes that the answer is of another operation.
    pub(super) fn answers(&self, operation: Operation) {
        self.answered.set(operation);
    }

    /// Notes what another call, made for this one, was about.
    pub(super) fn stands_for(&self, other: &Call<'_, S>) {
        self.subject.set(other.subject.get());
        self.key_version.set(other.key_version.get());
    }

    /// The object it is about, for the audit log.
    pub fn subject(&self) -> Option<ObjectId> {
        self.subject.get()
    }

    /// The version of the service key behind that object.
    pub fn key_version(&self) -> KeyVersion {
        self.key_version.get()
    }

    /// Notes which object it is about.
    pub fn about(&self, object: &Object) {
        self.subject.set(Some(object.id));
        self.key_version.set(object.key_version);
    }

    /// The object that a field means; absent means the ID Placeholder.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn identify(&self, identifier: Option<Identifier<'_>>) -> Result<ObjectId, Refusal> {
        let id = match identifier {
            Some(Identifier::Text(text)) if text.parse::<ObjectId>().is_err() => self.foreign(text)?,
            identifier => self.batch.object(identifier)?,
        };
        self.subject.set(Some(id));
        Ok(id)
    }

    /// Under which identifier an object is kept that another server called by this text: always the same in one service, and
    /// another in each.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]: the text is none.
    pub fn foreign(&self, text: &str) -> Result<ObjectId, Refusal> {
        if text.is_empty() {
            return Err(Refusal::NotFound);
        }
        let mut context = digest::Context::new(&digest::SHA256);
        for part in ["holdfast/foreign/v1/", self.scope.identity().service.as_str(), "/", text] {
            context.update(part.as_bytes());
        }
        let hash = context.finish();
        hash.as_ref().first_chunk().copied().map(ObjectId::from_bytes).ok_or(Refusal::NotFound)
    }

    /// A fresh identifier, higher than those that the batch had before: the newest object is found first.
    ///
    /// # Errors
    /// What the scope says of its generator.
    pub fn new_id(&self) -> Result<ObjectId, Refusal> {
        let mut random = [0; 10];
        self.scope.random(&mut random).map_err(of_scope)?;
        let [_, _, rest @ ..] = random;
        let [high, low] = self.batch.count_new().to_be_bytes();
        let [a, b, c, d, e, f, g, h] = rest;
        Ok(ObjectId::new(self.scope.now(), [high, low, a, b, c, d, e, f, g, h]))
    }

    /// The object of this identifier, if it is the client's.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] also for what is somebody else's; [`Refusal::PermissionDenied`] for what another user of the
    /// same service made.
    pub async fn load(&self, id: ObjectId) -> Result<Rc<Object>, Refusal> {
        let object = self.scope.load(id).await.map_err(of_scope)?;
        if object.service != self.scope.identity().service || object.managed.internal {
            return Err(Refusal::NotFound);
        }
        self.about(&object);
        let open = self.is_open_to_asker(&object.managed) && self.caller().may_touch(self.operation, id);
        if !open {
            return Err(Refusal::PermissionDenied);
        }
        Ok(object)
    }

    /// The object that a field means.
    ///
    /// # Errors
    /// As [`Call::identify`] and [`Call::load`].
    pub async fn object(&self, identifier: Option<Identifier<'_>>) -> Result<Rc<Object>, Refusal> {
        self.load(self.identify(identifier)?).await
    }

    /// Whom the request names besides its certificate.
    pub fn asker(&self) -> Option<Asker> {
        self.caller().asker
    }

    /// Who asks, as the header says.
    pub(super) fn caller(&self) -> &Caller {
        self.batch.caller()
    }

    /// May the user that the request names ask this of the object? What another user of the service made is kept from it,
    /// but for what the Default Operation Policy gives to all (KMIP 1.4, section 3.18.2). A request that names nobody is the
    /// service's own.
    fn is_open_to_asker(&self, managed: &Managed) -> bool {
        let (Some(asker), Some(owner)) = (self.asker(), managed.owner) else { return true };
        let public = matches!(managed.object_type, ObjectType::CERTIFICATE | ObjectType::PUBLIC_KEY);
        let reads = matches!(
            self.operation,
            Operation::GET
                | Operation::GET_ATTRIBUTES
                | Operation::GET_ATTRIBUTE_LIST
                | Operation::OBTAIN_LEASE
                | Operation::ENCRYPT
                | Operation::SIGNATURE_VERIFY
        );
        asker == owner || self.operation == Operation::CHECK || public && reads
    }

    /// The result of an operation that changed nothing.
    pub fn used(&self, answer: Answer) -> Unaudited<Answer> {
        Unaudited::used(answer, done(self.answered(), self.subject(), self.key_version()))
    }

    /// The result of an operation that changed something.
    pub fn changed(&self, answer: Answer) -> Unaudited<Answer> {
        Unaudited::changed(answer, done(self.answered(), self.subject(), self.key_version()))
    }
}
