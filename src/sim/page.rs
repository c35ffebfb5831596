//! Pages of a list, and the links between them.
//!
//! A link is bound to the question that it belongs to: with another filter, another choice or another collection it
//! does not open.

use serde_json::json;

use super::json::Json;
use super::token;
use super::wire::{Call, Refusal};
use super::world::World;

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    start: u64,
    size: usize,
    first: bool,
}

impl Page {
    /// Reads `$top` and `$skiptoken`.
    pub(super) fn read(
        world: &World,
        call: &Call,
        usual: usize,
        most: usize,
    ) -> Result<Self, Refusal> {
        let top = top(call, most)?.unwrap_or(usual);
        let wished = call.header("prefer").and_then(|wishes| {
            let (_, rest) = wishes.split_once("odata.maxpagesize=")?;
            rest.split([',', ';', ' ']).next()?.parse::<usize>().ok()
        });
        let size = [wished, world.knobs.page_size]
            .into_iter()
            .flatten()
            .fold(top, usize::min)
            .max(1);
        let Some(link) = call.query.get("$skiptoken") else {
            return Ok(Self {
                start: 0,
                size,
                first: true,
            });
        };
        let expired = || {
            Refusal::new(
                400,
                "Directory_ExpiredPageToken",
                "The specified page token value has expired and can no longer be included in your request.",
            )
        };
        let opened = token::opened(&world.tenant.key, link).ok_or_else(expired)?;
        if opened["of"] != binding(call) {
            return Err(expired());
        }
        Ok(Self {
            start: opened["from"].as_u64().ok_or_else(expired)?,
            size,
            first: false,
        })
    }

    /// Where the page begins.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// How much fits on it.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Whether it is the first: the count is told there alone.
    pub(super) fn is_first(&self) -> bool {
        self.first
    }

    /// Writes the link to the page that begins at `next`.
    pub(super) fn link(json: &mut Json, world: &World, call: &Call, next: u64) {
        let Some(next) = world.knobs.bent_place(call, next) else {
            return;
        };
        let token = token::sealed(
            &world.tenant.key,
            &json!({ "of": binding(call), "from": next }),
        );
        let question = call.query.without("$skiptoken");
        let separator = if question.is_empty() { "" } else { "&" };
        let link = format!(
            "{}{}?{question}{separator}$skiptoken={token}",
            call.base, call.raw_path
        );
        json.name("@odata.nextLink");
        json.text(&world.knobs.bent_link(call, link));
    }
}

/// Reads `$top`: 1 to `most`.
pub(super) fn top(call: &Call, most: usize) -> Result<Option<usize>, Refusal> {
    let Some(text) = call.query.get("$top") else {
        return Ok(None);
    };
    match text.parse::<usize>() {
        Ok(top) if (1..=most).contains(&top) => Ok(Some(top)),
        _ => Err(Refusal::bad(format!(
            "Invalid page size specified: '{text}'. Must be between 1 and {most} inclusive."
        ))),
    }
}

fn binding(call: &Call) -> String {
    token::digest(&format!(
        "{} {}",
        call.raw_path,
        call.query.without("$skiptoken")
    ))
}
