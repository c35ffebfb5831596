//! When a frame may be drawn: thirty a second at most, and three in a row after a rest, so that neither the answer to a key nor the
//! first rows of a tenant wait because something else has just been drawn. What a run tells of itself is drawn four times a second:
//! nobody reads faster, and a slow line is left to the answers of keys.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// One frame's share of a second. With those that may be early that makes thirty in any second.
const FRAME: SignedDuration = SignedDuration::from_millis(36);

/// So many shares may be used before they are due.
const EARLY: i32 = 2;

/// The most that is ahead.
const MOST: SignedDuration = SignedDuration::from_millis(3 * 36);

/// From the last frame to one that only a run asks for.
const OF_RUN: SignedDuration = SignedDuration::from_millis(250);

/// What asks for a frame; the later ones are more pressing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Asks {
    /// A run, with what it tells of itself.
    #[default]
    Run,
    /// The passing of time, and work that goes on in pieces.
    Time,
    /// Somebody waits for it.
    Somebody,
}

/// Frames so far.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// When the last one was drawn.
    last: Option<Timestamp>,
    /// Until then what was drawn has used up its share.
    used: Option<Timestamp>,
}

impl Frames {
    /// How long the next frame has to wait; one that somebody waits for may be early.
    pub(super) fn wait(&self, now: Timestamp, asks: Asks) -> Duration {
        let left = match asks {
            Asks::Somebody => self.ahead(now).map(|ahead| ahead - FRAME * EARLY),
            Asks::Time => self.ahead(now),
            Asks::Run => self.rest(now).max(self.ahead(now)),
        };
        left.and_then(|left| Duration::try_from(left).ok())
            .unwrap_or_default()
    }

    /// How long a run's frame has to wait for the last one to be old enough.
    fn rest(&self, now: Timestamp) -> Option<SignedDuration> {
        let since = now.duration_since(self.last?);
        (!since.is_negative()).then(|| OF_RUN - since)
    }

    /// A frame was drawn.
    pub(super) fn drawn(&mut self, now: Timestamp) {
        self.last = Some(now);
        let ahead = self.ahead(now).unwrap_or_default() + FRAME;
        self.used = now.checked_add(ahead.min(MOST)).ok();
    }

    /// How far it is ahead of its share. A clock that was set back makes no frame wait.
    fn ahead(&self, now: Timestamp) -> Option<SignedDuration> {
        let ahead = self.used?.duration_since(now);
        (ahead.is_positive() && ahead <= MOST).then_some(ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + millis).unwrap()
    }

    #[test]
    fn two_frames_may_follow_another_at_once_and_the_next_waits() {
        let mut frames = Frames::default();
        for (now, wait) in [(0, 0), (5, 0), (6, 0), (7, 29), (36, 0), (36, 36), (500, 0)] {
            assert_eq!(
                frames.wait(at(now), Asks::Somebody).as_millis(),
                wait,
                "{now} ms"
            );
            if wait == 0 {
                frames.drawn(at(now));
            }
        }
    }

    #[test]
    fn a_key_waits_for_no_frame_of_time_and_those_are_no_more_than_thirty_with_it() {
        let mut frames = Frames::default();
        let (mut others, mut of_keys) = (0, 0);
        for now in 0..1_000 {
            // A key every 50 ms, in the moment after another frame or between two of them.
            if now % 50 == 7 {
                assert_eq!(
                    frames.wait(at(now), Asks::Somebody),
                    Duration::ZERO,
                    "{now} ms"
                );
                frames.drawn(at(now));
                of_keys += 1;
            } else if frames.wait(at(now), Asks::Time).is_zero() {
                frames.drawn(at(now));
                others += 1;
            }
        }
        assert_eq!(of_keys, 20);
        assert!((5..=10).contains(&others), "{others}");
    }

    #[test]
    fn a_run_has_four_frames_a_second_and_a_key_waits_for_none_of_them() {
        let mut frames = Frames::default();
        let mut drawn = Vec::new();
        for now in 0..2_000 {
            let key = now == 1_300;
            let asks = if key { Asks::Somebody } else { Asks::Run };
            if frames.wait(at(now), asks).is_zero() {
                frames.drawn(at(now));
                drawn.push(now);
            }
        }
        assert_eq!(drawn, [0, 250, 500, 750, 1_000, 1_250, 1_300, 1_550, 1_800]);
        assert_eq!(frames.wait(at(-3_600_000), Asks::Run), Duration::ZERO);
    }

    #[test]
    fn no_second_has_more_than_thirty() {
        let mut frames = Frames::default();
        let mut drawn = Vec::new();
        for now in 0..4_000 {
            if frames.wait(at(now), Asks::Somebody).is_zero() {
                frames.drawn(at(now));
                drawn.push(now);
            }
        }
        for from in 0..3_000 {
            let here = drawn
                .iter()
                .filter(|now| (from..from + 1_000).contains(*now));
            assert!(here.count() <= 30, "from {from} ms");
        }
        assert!(drawn.len() >= 112, "{}", drawn.len());
    }

    #[test]
    fn a_clock_that_was_set_back_and_a_frame_that_could_not_wait_hold_up_nothing() {
        let mut frames = Frames::default();
        for _ in 0..9 {
            frames.drawn(at(0));
        }
        assert_eq!(frames.wait(at(0), Asks::Somebody).as_millis(), 36);
        assert_eq!(frames.wait(at(-3_600_000), Asks::Somebody), Duration::ZERO);
    }
}
