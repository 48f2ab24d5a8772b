//! What an operator does to a token: makes it, makes keys in it, takes them away, looks at what is there.

use crate::subject::{Kind, Make, PIN, SO_PIN, Subject, TOKEN};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use holdfast_model::l1::L1Ref;
use std::process::Command;

pub(crate) const L1: &str = "acme-root";

pub(crate) struct Operator {
    module: Pkcs11,
    make: Make,
    kind: Kind,
    plain: bool,
}

/// What may be done with a key; the usual L1 unless said otherwise.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    pub(crate) sensitive: bool,
    pub(crate) extractable: bool,
    pub(crate) usable: bool,
}

pub(crate) const USUAL: Key = Key { sensitive: true, extractable: false, usable: true };

impl Operator {
    /// Makes the token, if it is not there, and comes to it. The module may be in use by a driver beside us.
    pub(crate) fn arrives(subject: &Subject) -> Self {
        let module = Pkcs11::new(subject.module()).unwrap();
        match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => panic!("{error}"),
        }
        let operator = Self { module, make: subject.make, kind: subject.kind, plain: subject.plain };
        if operator.slot().is_none() {
            // NSS: made with certutil before the module was loaded.
            assert!(subject.make != Make::Nss, "no NSS token with our label");
            let slot = operator.module.get_slots_with_token().unwrap()[0];
            operator.module.init_token(slot, &AuthPin::from(SO_PIN.to_owned()), TOKEN).unwrap();
            let session = operator.module.open_rw_session(operator.slot().unwrap()).unwrap();
            session.login(UserType::So, Some(&AuthPin::from(SO_PIN.to_owned()))).unwrap();
            session.init_pin(&AuthPin::from(PIN.to_owned())).unwrap();
            session.logout().unwrap();
        }
        operator
    }

    /// Makes the token and the usual L1 in it, and leaves: the module is as if never initialised.
    pub(crate) fn sets_up(subject: &Subject) {
        let operator = Self::arrives(subject);
        operator.makes_l1(L1);
        operator.ends_module();
    }

    fn slot(&self) -> Option<Slot> {
        let slots = self.module.get_slots_with_token().unwrap();
        slots
            .into_iter()
            .find(|slot| self.module.get_token_info(*slot).is_ok_and(|info| info.label() == TOKEN))
    }

    /// A logged-in session. The login is everybody's; closing this does not end it while others are open.
    pub(crate) fn session(&self) -> Session {
        let session = self.module.open_rw_session(self.slot().unwrap()).unwrap();
        match session.login(UserType::User, Some(&AuthPin::from(PIN.to_owned()))) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => session,
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) fn makes_l1(&self, label: &str) {
        self.makes_key(label, USUAL);
    }

    pub(crate) fn makes_key(&self, label: &str, key: Key) {
        let session = self.session();
        let (wrap, encrypt) = if self.plain { (false, key.usable) } else { (key.usable, false) };
        let label = || Attribute::Label(label.as_bytes().to_vec());
        match self.kind {
            Kind::Aes => {
                let template = [
                    Attribute::Token(true),
                    Attribute::Private(true),
                    Attribute::Sensitive(key.sensitive),
                    Attribute::Extractable(key.extractable),
                    Attribute::ValueLen(32.into()),
                    Attribute::Wrap(wrap),
                    Attribute::Unwrap(wrap),
                    Attribute::Encrypt(encrypt),
                    Attribute::Decrypt(encrypt),
                    label(),
                ];
                session.generate_key(&Mechanism::AesKeyGen, &template).unwrap();
            }
            Kind::Rsa => {
                let mut public = vec![Attribute::Token(true), Attribute::ModulusBits(2048.into()), label()];
                let mut private = vec![Attribute::Token(true), Attribute::Private(true), label()];
                public.push(Attribute::PublicExponent(vec![1, 0, 1]));
                // A TPM of this make takes only what it does by itself.
                let tpm = self.make == Make::Tpm2;
                public.extend([Attribute::Encrypt(encrypt), Attribute::Verify(tpm)]);
                private
                    .extend([Attribute::Sensitive(key.sensitive), Attribute::Extractable(key.extractable)]);
                private.extend([Attribute::Decrypt(encrypt), Attribute::Sign(tpm)]);
                if !tpm {
                    public.push(Attribute::Wrap(wrap));
                    private.push(Attribute::Unwrap(wrap));
                }
                session.generate_key_pair(&Mechanism::RsaPkcsKeyPairGen, &public, &private).unwrap();
            }
        }
    }

    pub(crate) fn destroys(&self, label: &str) {
        let session = self.session();
        for object in session.find_objects(&[Attribute::Label(label.as_bytes().to_vec())]).unwrap() {
            session.destroy_object(object).unwrap();
        }
    }

    pub(crate) fn objects(&self) -> Vec<ObjectHandle> {
        self.session().find_objects(&[]).unwrap()
    }

    /// Sessions that are open to the token, where the token says so.
    pub(crate) fn sessions(&self) -> Option<u64> {
        self.module.get_token_info(self.slot().unwrap()).unwrap().session_count()
    }

    pub(crate) fn logs_everybody_out(&self) {
        self.session().logout().unwrap();
    }

    pub(crate) fn ends_module(&self) {
        self.module.clone().finalize().unwrap();
        if self.make == Make::Tpm2 {
            // What a resource manager (/dev/tpmrm0) does when a client ends.
            for what in ["--transient-object", "--loaded-session"] {
                assert!(Command::new("tpm2_flushcontext").arg(what).status().unwrap().success());
            }
        }
    }
}

pub(crate) fn l1(label: &str) -> L1Ref {
    L1Ref { hsm: crate::subject::hsm(), label: label.into() }
}
