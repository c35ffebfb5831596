//! A person signs in from the console: the client asks, the screen shows, and whoever leaves the screen ends it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::app::event::{RequestId, SessionEvent, SignInEnd, What};
use crate::app::session::{Attempt, Purpose};
use crate::domain::failure::FailureKind;
use crate::domain::planning::Allowed;
use crate::domain::run::{Outcome, RunEvent};
use crate::domain::settings::NewTenant;
use crate::domain::sign_in::{Prompt, SignInWay};
use crate::graph::SignedIn;
use crate::graph::error::GraphError;

use super::leaving::{self, Files};
use super::new_tenant;
use super::perform::Shared;

/// What is said of a sign-in that failed.
const TRIED: &str = "Signing in";

impl Shared {
    /// Says when nobody is signed in and a person has to; asks nobody.
    pub(super) async fn look_who_is_signed_in(self: Arc<Self>) {
        let event = match self.client.sign_in().await {
            Err(error) if error.needs_person() => SessionEvent::NobodySignedIn {
                why: match &error {
                    GraphError::SignedOut => None,
                    error => Some(error.failure(TRIED)),
                },
            },
            // A network that is down is for a run to tell.
            Ok(_) | Err(_) => return,
        };
        self.send(What::Session(event)).await;
    }

    /// Asks a person, until it is done, or has failed, or is not wanted any more.
    pub(super) async fn sign_in(
        self: Arc<Self>,
        req: RequestId,
        attempt: Attempt,
        cancel: CancellationToken,
    ) {
        if attempt.purpose == Purpose::Write {
            self.client.allow_write(self.settings.allowed);
        }
        let (to, mut heard) = mpsc::unbounded_channel();
        let show = async {
            while let Some(prompt) = heard.recv().await {
                self.show(req, prompt).await;
            }
        };
        let answer = async {
            let (to, client) = (to, &self.client);
            match attempt.way {
                SignInWay::DeviceCode => client.sign_in_by_code(&to).await,
                SignInWay::Browser => client.sign_in_by_browser(&to).await,
            }
        };
        let answer = async { tokio::join!(answer, show).0 };
        let done = tokio::select! {
            answer = answer => Some(answer),
            () = cancel.cancelled() => None,
        };
        if attempt.purpose == Purpose::Write {
            if matches!(done, Some(Ok(_))) {
                self.writing.store(true, Ordering::SeqCst);
            } else if !self.writing.load(Ordering::SeqCst) {
                self.client.allow_write(Allowed::default());
            }
        }
        if let Some(answer) = done {
            let event = ended(req, attempt.way, answer);
            self.send(What::Session(event)).await;
        }
    }

    async fn show(&self, req: RequestId, prompt: Prompt) {
        let prompt = Box::new(prompt);
        self.send(What::Session(SessionEvent::Prompted { req, prompt }))
            .await;
    }

    /// Forgets who is signed in to this tenant.
    pub(super) async fn sign_out(self: Arc<Self>, req: RequestId) {
        let event = match self.client.sign_out().await {
            Ok(()) => {
                // Whoever signs in next agrees to writing when something is first written.
                self.client.allow_write(Allowed::default());
                if self.settings.read_only {
                    self.writing.store(false, Ordering::SeqCst);
                }
                SessionEvent::SignedOut { req }
            }
            Err(error) => SessionEvent::Refused {
                req,
                failure: error.failure("Signing out"),
            },
        };
        self.send(What::Session(event)).await;
    }

    /// Adds a tenant to the configuration.
    pub(super) async fn add_tenant(self: Arc<Self>, req: RequestId, new: NewTenant) {
        let added = match self.neighbours.places() {
            Some(places) => {
                new_tenant::add_from_form(places, &new, self.neighbours.secret_of()).await
            }
            None => Err(new_tenant::wrong("There is no configuration here to add to").into()),
        };
        let event = match added {
            Ok(added) => {
                let files = if added.had_files {
                    "; files of a tenant of that name were there, and are used"
                } else {
                    ""
                };
                let notice = format!("saved: {} is in the configuration{files}", new.name);
                SessionEvent::Done { req, notice }
            }
            Err(why) => SessionEvent::TenantNotSaved {
                req,
                why: Box::new(why),
            },
        };
        self.send(What::Session(event)).await;
    }

    /// Changes what the configuration says of a tenant.
    pub(super) async fn edit_tenant(self: Arc<Self>, req: RequestId, new: NewTenant) {
        let changed = match self.neighbours.places() {
            Some(places) => {
                new_tenant::change_from_form(places, &new, self.neighbours.secret_of()).await
            }
            None => Err(new_tenant::wrong("There is no configuration here to change").into()),
        };
        let event = match changed {
            Ok(()) => {
                let notice = format!("saved: {} is changed in the configuration", new.name);
                SessionEvent::Done { req, notice }
            }
            Err(why) => SessionEvent::TenantNotSaved {
                req,
                why: Box::new(why),
            },
        };
        self.send(What::Session(event)).await;
    }

    /// Takes a tenant out of the configuration, and says where its files are.
    pub(super) async fn remove_tenant(self: Arc<Self>, req: RequestId, name: String) {
        let left = match self.neighbours.places() {
            Some(places) => leaving::remove(places, &name, Files::Kept).await,
            None => Err(new_tenant::wrong(
                "There is no configuration here to change",
            )),
        };
        let event = match left {
            Ok(left) => {
                let notice = left.lines().join("\n");
                SessionEvent::Done { req, notice }
            }
            Err(failure) => SessionEvent::Refused { req, failure },
        };
        self.send(What::Session(event)).await;
    }

    /// Reads all tenants from the local files.
    pub(super) async fn list_tenants(self: Arc<Self>, req: RequestId) {
        let neighbours = self.neighbours.clone();
        let now = self.stamp().at;
        let read = tokio::task::spawn_blocking(move || neighbours.cards(now)).await;
        let Ok(tenants) = read else {
            // The runtime is going down: nobody waits for the list any more.
            return;
        };
        let tenants = tenants.map(Arc::new);
        self.send(What::Session(SessionEvent::Tenants { req, tenants }))
            .await;
    }
}

fn ended(req: RequestId, way: SignInWay, answer: Result<SignedIn, GraphError>) -> SessionEvent {
    let error = match answer {
        Ok(signed_in) => {
            return SessionEvent::SignedIn {
                req,
                account: signed_in.account,
            };
        }
        Err(error) => error,
    };
    let failure = Box::new(error.failure(TRIED));
    let expired = matches!(&error, GraphError::SignIn(refusal) if refusal.error == "expired_token");
    let end = match error.next_way() {
        _ if expired => SignInEnd::Expired,
        Some(other) => SignInEnd::Blocked {
            failure,
            other: Some(other).filter(|other| *other != way),
        },
        None => SignInEnd::Failed(failure),
    };
    SessionEvent::NotSignedIn { req, end }
}

/// Whether a run has ended for want of a sign-in, or of a permission: who is signed in is looked at again then.
pub(super) fn needs_person(event: &RunEvent) -> bool {
    matches!(
        event,
        RunEvent::Finished { outcome: Outcome::Failed(failure), .. } if failure.kind == FailureKind::SignIn
    )
}
