//! What has come in a channel already, for those who do not wait for more.
//!
//! The channel's own `try_recv` stops the thread while another thread is in the middle of a send, with the very means by which
//! `block_on` is woken: whatever wakes the task in that moment is lost, and a run of the command line stood still for ever.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::coop::unconstrained;
use tokio::task::yield_now;

/// What is next in the channel; `None` where nothing has been sent, or nobody can send any more.
pub(crate) async fn come<T>(channel: &mut UnboundedReceiver<T>) -> Option<T> {
    loop {
        let next =
            pin!(unconstrained(channel.recv())).poll(&mut Context::from_waker(Waker::noop()));
        match next {
            Poll::Ready(next) => return next,
            Poll::Pending if channel.is_empty() => return None,
            // Somebody is in the middle of a send: it is there in a moment.
            Poll::Pending => yield_now().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::runtime::Builder;
    use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn what_wakes_a_task_is_not_lost_while_it_looks_into_a_channel() {
        let (jobs, work) =
            std::sync::mpsc::channel::<(UnboundedSender<u32>, oneshot::Sender<()>)>();
        std::thread::spawn(move || {
            for (to, done) in work {
                for n in 0..8 {
                    to.send(n).unwrap();
                }
                done.send(()).unwrap();
            }
        });
        let (told, ended) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = Builder::new_multi_thread().worker_threads(1).build();
            runtime.unwrap().block_on(async {
                for _ in 0..20_000 {
                    let (to, mut from) = unbounded_channel();
                    let (done, is_done) = oneshot::channel();
                    jobs.send((to, done)).unwrap();
                    let look = async {
                        for n in 0..8 {
                            while let next = come(&mut from).await
                                && next != Some(n)
                            {
                                assert_eq!(next, None);
                            }
                        }
                    };
                    let (done, ()) = tokio::join!(is_done, look);
                    done.unwrap();
                }
            });
            told.send(()).unwrap();
        });
        let patience = Duration::from_mins(1);
        assert_eq!(ended.recv_timeout(patience), Ok(()), "it was never woken");
    }
}
