//! Waiting for a person in the middle of a run: a request that lacks a sign-in stays where it is until somebody has signed in,
//! so that a list that is being read keeps its place.
//!
//! Only reading waits here. A write comes back to its caller, who compares the tenants once more before it is sent. Invariant:
//! what follows a wait goes to the tenant that the first request went to, or nowhere.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Method;
use secrecy::SecretString;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::domain::failure::Failure;
use crate::domain::guid::TenantId;
use crate::domain::planning::Allowed;

use super::Client;
use super::error::GraphError;
use super::scopes::lacking;
use super::send::Ask;
use super::vault::Vault;

/// How often it is looked whether another program of the same account has signed in.
const LOOK: Duration = Duration::from_secs(5);

/// Longest wait for a person, in looks: an hour. A lease that is held for ever keeps colleagues out.
const MOST_LOOKS: u32 = 720;

/// What is told about a wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pause {
    /// A person has to sign in, and why.
    Began(Failure),
    /// Somebody has: it goes on where it stopped.
    Over {
        /// The account.
        account: String,
    },
}

/// How a client waits for a person.
#[derive(Debug, Clone)]
pub struct Patience {
    told: UnboundedSender<Pause>,
    /// Nobody will sign in any more.
    over: Vec<CancellationToken>,
    first: Arc<Mutex<First>>,
    /// Of several requests that lack a sign-in one asks; the others wait for what comes of it.
    asking: Arc<tokio::sync::Mutex<()>>,
}

/// The token that it began with: before there was one, nothing is under way that a wait could save.
#[derive(Debug, Default)]
struct First {
    came: bool,
    tenant: Option<TenantId>,
}

impl Patience {
    /// Tells `told` when it waits, and waits no longer once any of `over` is cancelled.
    pub fn new(told: UnboundedSender<Pause>, over: Vec<CancellationToken>) -> Self {
        Self {
            told,
            over,
            first: Arc::default(),
            asking: Arc::default(),
        }
    }

    async fn is_over(&self) {
        match self.over.as_slice() {
            [] => std::future::pending().await,
            [one] => one.cancelled().await,
            [one, rest @ ..] => {
                let rest = Self {
                    over: rest.to_vec(),
                    ..self.clone()
                };
                tokio::select! {
                    () = one.cancelled() => {}
                    () = Box::pin(rest.is_over()) => {}
                }
            }
        }
    }

    fn first(&self) -> MutexGuard<'_, First> {
        // A panic while it was held cannot have left half a value.
        self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a token's tenant is the one that it all began with.
    fn is_same(&self, tenant: Option<TenantId>) -> Result<(), GraphError> {
        let mut first = self.first();
        first.came = true;
        let Some(got) = tenant else { return Ok(()) };
        let wanted = *first.tenant.get_or_insert(got);
        if wanted == got {
            return Ok(());
        }
        Err(GraphError::WrongTenant {
            wanted: wanted.to_string(),
            got: got.to_string(),
        })
    }
}

impl Client {
    /// The same client, whose reading waits for a person where it would end for want of a sign-in.
    #[must_use]
    pub fn waiting(&self, patience: Patience) -> Self {
        Self(
            Arc::clone(&self.0),
            Some(patience),
            self.2.clone(),
            self.3.clone(),
        )
    }

    /// A token for a request, other than the one that was refused.
    pub(super) async fn token_for(
        &self,
        ask: &Ask,
        refused: Option<&Arc<SecretString>>,
    ) -> Result<Arc<SecretString>, GraphError> {
        if ask.method == Method::GET {
            self.token_or_person(refused).await
        } else {
            self.checked(refused).await
        }
    }

    /// A token; where only a person can bring one, and somebody is there to be asked, it waits for that.
    pub(super) async fn token_or_person(
        &self,
        refused: Option<&Arc<SecretString>>,
    ) -> Result<Arc<SecretString>, GraphError> {
        // Listened to before anything is asked, so that no sign-in is missed.
        let mut sign_ins = self.0.sign_ins.subscribe();
        let mut told = false;
        let mut turn = None;
        loop {
            let error = match self.checked(refused).await {
                Err(error) if error.needs_person() => error,
                Ok(token) if told => {
                    self.nobody_else_came()?;
                    self.tell_over().await;
                    return Ok(token);
                }
                done => return done,
            };
            let is_under_way = |patience: &&Patience| patience.first().came;
            let Some(patience) = self.1.as_ref().filter(is_under_way) else {
                return Err(error);
            };
            if turn.is_none() {
                // Whoever has the turn, or has just had it, brings a token for all.
                if let Ok(free) = patience.asking.try_lock()
                    && !sign_ins.has_changed().unwrap_or(false)
                {
                    turn = Some(free);
                } else {
                    sign_ins.mark_unchanged();
                    turn = tokio::select! {
                        turn = patience.asking.lock() => Some(turn),
                        () = patience.is_over() => return Err(error),
                    };
                    continue;
                }
            }
            // A sign-in that came to nothing is asked for again, as a new question.
            let why = error.failure("Signing in");
            let _ = patience.told.send(Pause::Began(why));
            told = true;
            tokio::select! {
                // Nobody can sign in on a client that is gone, and this one is not.
                _ = sign_ins.changed() => {}
                came = self.signed_in_elsewhere(refused) => if !came { return Err(error) },
                () = patience.is_over() => return Err(error),
            }
        }
    }

    /// From now on a person is asked for the permissions to write this, and the token is made to carry them before anything is
    /// sent that writes. Consent that was given is used; where a person has to agree first, and is there, it waits for that.
    pub async fn ready_to_write(&self, allowed: Allowed) -> Result<(), GraphError> {
        self.allow_write(allowed);
        if self.is_app_only() {
            return Ok(());
        }
        let mut sign_ins = self.0.sign_ins.subscribe();
        self.token_or_person(None).await?;
        let Some(error) = self.not_agreed(allowed).await else {
            return Ok(());
        };
        let Some(patience) = &self.1 else {
            return Err(error);
        };
        let _ = patience
            .told
            .send(Pause::Began(error.failure("Preparing to write")));
        tokio::select! {
            _ = sign_ins.changed() => {}
            () = patience.is_over() => return Err(error),
        }
        self.token_or_person(None).await?;
        self.nobody_else_came()?;
        self.tell_over().await;
        // Who has signed in and still may not has an answer.
        match self.not_agreed(allowed).await {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// What writing this needs and the token does not carry; nothing where it does not tell.
    async fn not_agreed(&self, allowed: Allowed) -> Option<GraphError> {
        let granted = self.granted().await;
        let mut writes = self.needed(allowed);
        writes.retain(|one| one.writes);
        let lacks = lacking(&granted, &writes);
        let scopes: Vec<String> = lacks.iter().map(|one| one.name.to_owned()).collect();
        (!granted.is_empty() && !scopes.is_empty()).then_some(GraphError::NotAgreed { scopes })
    }

    /// Whoever has signed in to another tenant in the meantime may do so again: that is for a new beginning.
    fn nobody_else_came(&self) -> Result<(), GraphError> {
        let first = self.1.as_ref().and_then(|patience| patience.first().tenant);
        match self.stranger() {
            Some(got) => Err(GraphError::WrongTenant {
                wanted: first.map_or_else(
                    || self.0.credentials.tenant.clone(),
                    |tenant| tenant.to_string(),
                ),
                got: got.to_string(),
            }),
            None => Ok(()),
        }
    }

    async fn tell_over(&self) {
        let Some(patience) = &self.1 else { return };
        let vault = self.0.vault.lock().await;
        let account = vault
            .tokens()
            .map(|tokens| tokens.account.clone())
            .unwrap_or_default();
        let _ = patience.told.send(Pause::Over { account });
    }

    async fn checked(
        &self,
        refused: Option<&Arc<SecretString>>,
    ) -> Result<Arc<SecretString>, GraphError> {
        let token = match refused {
            Some(refused) => self.renew(refused).await?,
            None => self.token().await?,
        };
        if let Some(patience) = &self.1 {
            let vault = self.0.vault.lock().await;
            let tenant = vault.tokens().and_then(|tokens| tokens.tenant);
            if let Err(error) = patience.is_same(tenant) {
                *self.met() = tenant;
                return Err(error);
            }
        }
        Ok(token)
    }

    /// Waits until another program has left a sign-in in the file; false when it has taken too long. Sends nothing.
    async fn signed_in_elsewhere(&self, refused: Option<&Arc<SecretString>>) -> bool {
        let wanted = self.wanted();
        if self.0.pace.wait(LOOK).is_zero() {
            // Without waits there is no other time to look at.
            return std::future::pending().await;
        }
        for _ in 0..MOST_LOOKS {
            self.wait(LOOK).await;
            let mut vault = self.0.vault.lock().await;
            let fresh = |vault: &Vault| vault.fresh(self.0.wire.now(), &wanted, refused).is_some();
            if vault.reload(None).is_ok() && fresh(&vault) {
                return true;
            }
        }
        false
    }
}
