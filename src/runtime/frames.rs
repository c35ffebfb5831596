//! When a frame may be drawn: thirty a second at most, and three in a row after a rest, so that neither the answer to a key nor the
//! first rows of a tenant wait because something else has just been drawn. What a run tells of itself takes no share before it is
//! due: the early ones are there for keys, however much a run has to tell.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// One frame's share of a second. With those that may be early that makes thirty in any second.
const FRAME: SignedDuration = SignedDuration::from_millis(36);

/// So many shares may be used before they are due.
const EARLY: i32 = 2;

/// The most that is ahead.
const MOST: SignedDuration = SignedDuration::from_millis(3 * 36);

/// Frames so far.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// Until then what was drawn has used up its share.
    used: Option<Timestamp>,
}

impl Frames {
    /// How long the next frame has to wait; one that somebody waits for may be early.
    pub(super) fn wait(&self, now: Timestamp, is_awaited: bool) -> Duration {
        let early = if is_awaited {
            FRAME * EARLY
        } else {
            SignedDuration::ZERO
        };
        self.ahead(now)
            .and_then(|ahead| Duration::try_from(ahead - early).ok())
            .unwrap_or_default()
    }

    /// A frame was drawn.
    pub(super) fn drawn(&mut self, now: Timestamp) {
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
            assert_eq!(frames.wait(at(now), true).as_millis(), wait, "{now} ms");
            if wait == 0 {
                frames.drawn(at(now));
            }
        }
    }

    #[test]
    fn a_key_waits_for_no_frame_of_a_run_and_those_are_no_more_than_thirty_with_it() {
        let mut frames = Frames::default();
        let (mut of_run, mut of_keys) = (0, 0);
        for now in 0..1_000 {
            // A key every 50 ms, in the moment after a run has drawn or between two of its frames.
            if now % 50 == 7 {
                assert_eq!(frames.wait(at(now), true), Duration::ZERO, "{now} ms");
                frames.drawn(at(now));
                of_keys += 1;
            } else if frames.wait(at(now), false).is_zero() {
                frames.drawn(at(now));
                of_run += 1;
            }
        }
        assert_eq!(of_keys, 20);
        assert!((5..=10).contains(&of_run), "{of_run}");
    }

    #[test]
    fn no_second_has_more_than_thirty() {
        let mut frames = Frames::default();
        let mut drawn = Vec::new();
        for now in 0..4_000 {
            if frames.wait(at(now), true).is_zero() {
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
        assert_eq!(frames.wait(at(0), true).as_millis(), 36);
        assert_eq!(frames.wait(at(-3_600_000), true), Duration::ZERO);
    }
}
