//! A second deployment that is asked although the first has not failed, because it is slow.

mod scripted;

use std::time::Duration;

use tokio::time::{Instant, advance};
use wharf_policy::status::{AttemptCounts, BreakerState};
use wharf_policy::{Form, Route};
use wharf_types::{DeploymentName, ErrorKind};

use scripted::{
    MILLISECOND, SECOND, Step, Vendor, answer, ask, breaker, counts, fail, hang, member, open, play, read, route, say,
    start, stop, target, text, tried, trip,
};

const OVERLOADED: ErrorKind = ErrorKind::Overloaded;

/// One attempt that somebody else was faster than.
const LOST: AttemptCounts = AttemptCounts {
    started: 1,
    succeeded: 0,
    failed: 0,
    cancelled: 1,
};

/// Has a member answer so often, each time after so long.
async fn measure(route: &Route, deployment: &str, form: Form, answers: u32, took: Duration) {
    for _ in 0..answers {
        let running = target(route, deployment).begin(false, form, Instant::now());
        advance(took).await;
        running.expect("it admits").answered(Instant::now()).ended();
    }
}

#[tokio::test(start_paused = true)]
async fn the_second_is_asked_after_the_delay_and_wins_if_it_is_first() {
    let begin = Instant::now();
    let (a, b) = (Vendor::new("a").otherwise(hang()), Vendor::new("b"));
    b.change(answer("b").after(MILLISECOND * 100));
    let chat = route("chat")
        .with(member(&a).trips_after(1))
        .with(&b)
        .hedge(Some(SECOND))
        .build();
    let answered = ask(&chat).await.unwrap();
    assert_eq!(answered.deployment.unwrap().as_str(), "b");
    assert_eq!((answered.attempts, answered.degraded), (2, None));
    assert_eq!((a.times(begin), b.times(begin)), (vec![Duration::ZERO], vec![SECOND]));
    assert_eq!(Instant::now() - begin, SECOND + MILLISECOND * 100);
    assert_eq!((a.dropped(), a.running()), (1, 0), "the loser need not go on");
    assert_eq!(tried(&chat, "a"), LOST, "and has not failed");
    assert_eq!(breaker(&chat, "a").state, BreakerState::Closed);
    assert_eq!(target(&chat, "a").load().in_flight(), 0);
    assert_eq!((counts(&chat).hedges, counts(&chat).succeeded), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn the_first_wins_if_it_is_first() {
    let begin = Instant::now();
    let a = Vendor::new("a").otherwise(answer("a").after(MILLISECOND * 1500));
    let b = Vendor::new("b").otherwise(answer("b").after(SECOND * 10));
    let chat = route("chat").with(&a).with(&b).hedge(Some(SECOND)).build();
    let answered = ask(&chat).await.unwrap();
    assert_eq!(answered.deployment.unwrap().as_str(), "a");
    assert_eq!(Instant::now() - begin, MILLISECOND * 1500);
    assert_eq!((b.calls(), b.dropped()), (1, 1));
    assert_eq!(tried(&chat, "b"), LOST);
}

#[tokio::test(start_paused = true)]
async fn who_answers_in_time_is_not_helped() {
    let a = Vendor::new("a").otherwise(answer("a").after(MILLISECOND * 900));
    let b = Vendor::new("b");
    let chat = route("chat")
        .with(&a)
        .with(member(&b).tier(1))
        .hedge(Some(SECOND))
        .build();
    for _ in 0..10 {
        ask(&chat).await.unwrap();
    }
    assert_eq!((a.calls(), b.calls(), counts(&chat).hedges), (10, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn without_a_given_delay_it_is_what_is_usual_once_that_is_known() {
    for (answers, hedged) in [(0, 0), (19, 0), (20, 1)] {
        let a = Vendor::new("a").otherwise(answer("a").after(SECOND * 5));
        let b = Vendor::new("b");
        let chat = route("chat").with(&a).with(&b).hedge(None).build();
        measure(&chat, "a", Form::Whole, answers, MILLISECOND * 300).await;
        // What is usual for streams says nothing about whole answers.
        measure(&chat, "a", Form::Streamed, 20, MILLISECOND).await;
        let begin = Instant::now();
        ask(&chat).await.unwrap();
        assert_eq!(b.calls(), hedged, "after {answers} answers");
        let took = if hedged == 1 { MILLISECOND * 300 } else { SECOND * 5 };
        assert_eq!(Instant::now() - begin, took, "after {answers} answers");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_usual_is_what_nineteen_of_twenty_take() {
    let a = Vendor::new("a").otherwise(hang());
    let b = Vendor::new("b");
    let chat = route("chat").with(&a).with(&b).hedge(None).build();
    measure(&chat, "a", Form::Whole, 94, MILLISECOND * 200).await;
    measure(&chat, "a", Form::Whole, 3, MILLISECOND * 700).await;
    measure(&chat, "a", Form::Whole, 3, SECOND * 30).await;
    let begin = Instant::now();
    ask(&chat).await.unwrap();
    assert_eq!(
        b.times(begin),
        [MILLISECOND * 700],
        "neither the usual time nor that of the stragglers"
    );
}

// ---- when it is not done --------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn it_is_an_attempt_like_any_other() {
    let slow = || answer("slow").after(SECOND * 5);
    let (a, b) = (Vendor::new("a").otherwise(slow()), Vendor::new("b"));
    let chat = route("chat")
        .with(&a)
        .with(&b)
        .max_attempts(1)
        .hedge(Some(SECOND))
        .build();
    assert_eq!(ask(&chat).await.unwrap().attempts, 1);
    assert_eq!((a.calls(), b.calls()), (1, 0), "one attempt is one attempt");

    let vendors = [
        Vendor::new("a").otherwise(fail(OVERLOADED)),
        Vendor::new("b").otherwise(slow()),
        Vendor::new("c"),
    ];
    let tiers = vendors.iter().zip(0..);
    let plan = tiers.fold(route("chat"), |plan, (vendor, tier)| {
        plan.with(member(vendor).tier(tier))
    });
    let chat = plan.max_attempts(2).hedge(Some(SECOND)).build();
    assert_eq!(ask(&chat).await.unwrap().attempts, 2);
    assert_eq!(
        vendors.map(|vendor| vendor.calls()),
        [1, 1, 0],
        "the retry was the last attempt"
    );
}

#[tokio::test(start_paused = true)]
async fn it_is_paid_for_like_a_retry() {
    let a = Vendor::new("a").otherwise(answer("a").after(SECOND * 5));
    let b = Vendor::new("b").otherwise(answer("b"));
    let chat = route("chat")
        .with(&a)
        .with(member(&b).tier(1))
        .budget(0.0, 0)
        .hedge(Some(SECOND))
        .build();
    assert_eq!(
        ask(&chat).await.unwrap().value.text(),
        "a",
        "without a budget the first is waited for"
    );
    assert_eq!((b.calls(), counts(&chat).hedges), (0, 0));

    // One a second over 10 s, and no time passes while the second answers at once.
    let chat = route("chat")
        .with(&a)
        .with(member(&b).tier(1))
        .budget(0.0, 1)
        .hedge(Some(Duration::ZERO))
        .build();
    for _ in 0..11 {
        ask(&chat).await.unwrap();
    }
    assert_eq!(
        (b.calls(), counts(&chat).hedges),
        (10, 10),
        "what there is may be spent, and no more"
    );
}

#[tokio::test(start_paused = true)]
async fn the_same_deployment_is_never_asked_twice_at_a_time() {
    let a = Vendor::new("a").otherwise(answer("a").after(SECOND * 5));
    let alone = route("alone").with(&a).hedge(Some(SECOND)).build();
    assert_eq!(ask(&alone).await.unwrap().attempts, 1, "there is nobody else");
    assert_eq!((a.calls(), a.peak()), (1, 1));

    let b = Vendor::new("b");
    let chat = route("chat").with(&a).with(&b).hedge(Some(SECOND)).build();
    let name = DeploymentName::new("b").unwrap();
    for _ in 0..3 {
        chat.balancer().update_health(&name, false);
    }
    assert_eq!(
        ask(&chat).await.unwrap().attempts,
        1,
        "there is nobody else who is well"
    );
    assert_eq!((a.calls(), a.peak(), b.calls()), (2, 1, 0));
    assert_eq!(counts(&chat).hedges, 0);
}

// ---- when one of the two fails --------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn if_the_first_fails_meanwhile_the_second_answers() {
    let begin = Instant::now();
    let a = Vendor::new("a").otherwise(fail(OVERLOADED).after(SECOND * 2));
    let b = Vendor::new("b").otherwise(answer("b").after(SECOND * 2));
    let chat = route("chat").with(&a).with(&b).hedge(Some(SECOND)).build();
    let answered = ask(&chat).await.unwrap();
    assert_eq!((answered.deployment.unwrap().as_str(), answered.attempts), ("b", 2));
    assert_eq!(Instant::now() - begin, SECOND * 3, "it was not begun anew");
    assert_eq!((a.calls(), b.calls()), (1, 1));
    assert_eq!(tried(&chat, "a").failed, 1, "a failure is a failure");
}

#[tokio::test(start_paused = true)]
async fn if_the_second_fails_meanwhile_the_first_answers() {
    let begin = Instant::now();
    let a = Vendor::new("a").otherwise(answer("a").after(SECOND * 3));
    let b = Vendor::new("b").otherwise(fail(OVERLOADED));
    let chat = route("chat").with(&a).with(&b).hedge(Some(SECOND)).build();
    let answered = ask(&chat).await.unwrap();
    assert_eq!((answered.deployment.unwrap().as_str(), answered.attempts), ("a", 2));
    assert_eq!(Instant::now() - begin, SECOND * 3);
    assert_eq!((a.calls(), b.calls(), tried(&chat, "b").failed), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn if_both_fail_both_are_in_the_history_and_the_request_goes_on() {
    let a = Vendor::new("a").otherwise(fail(OVERLOADED).after(SECOND * 4));
    let b = Vendor::new("b").otherwise(fail(ErrorKind::UpstreamUnavailable).after(SECOND));
    let chat = route("chat")
        .with(&a)
        .with(&b)
        .max_attempts(2)
        .hedge(Some(SECOND))
        .build();
    let error = ask(&chat).await.unwrap_err();
    let made: Vec<_> = error
        .attempts()
        .iter()
        .map(|made| (made.deployment.as_str(), made.kind, made.took))
        .collect();
    assert_eq!(
        made,
        [
            ("b", ErrorKind::UpstreamUnavailable, SECOND),
            ("a", OVERLOADED, SECOND * 4)
        ],
        "in the order in which they ended"
    );
    assert_eq!(error.kind(), OVERLOADED);

    let c = Vendor::new("c");
    let chat = route("chat")
        .with(&a)
        .with(&b)
        .with(member(&c).tier(1))
        .hedge(Some(SECOND))
        .build();
    let answered = ask(&chat).await.unwrap();
    assert_eq!((answered.deployment.unwrap().as_str(), answered.attempts), ("c", 3));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_refused_meanwhile_is_not_used_again() {
    let a = Vendor::new("a").otherwise(fail(ErrorKind::Unauthenticated).after(SECOND * 2));
    let b = Vendor::new("b").otherwise(answer("b").after(SECOND * 2));
    let chat = route("chat").with(&a).with(&b).hedge(Some(SECOND)).build();
    for _ in 0..5 {
        assert_eq!(ask(&chat).await.unwrap().value.text(), "b");
    }
    assert_eq!((a.calls(), b.calls()), (1, 5));
}

// ---- streams --------------------------------------------------------------------------------------------------

#[tokio::test(start_paused = true)]
async fn the_first_content_decides_and_nothing_of_the_loser_is_seen() {
    let begin = Instant::now();
    let a = Vendor::new("a").otherwise(play([say([start()]), Step::Pause(SECOND * 5), say([text("a")])]));
    let b = Vendor::new("b").otherwise(play([
        Step::Pause(SECOND),
        say([start(), text("b1")]),
        Step::Pause(SECOND * 10),
        say([text("b2"), stop()]),
    ]));
    let chat = route("chat").with(&a).with(&b).hedge(Some(SECOND)).build();
    let mut answered = open(&chat).await.unwrap();
    assert_eq!(answered.deployment.as_ref().unwrap().as_str(), "b");
    assert_eq!(Instant::now() - begin, SECOND * 2);
    assert_eq!(
        (a.dropped(), a.running(), b.running()),
        (1, 0, 1),
        "the winner goes on alone"
    );
    let (events, error) = read(&mut answered.value).await;
    assert_eq!(events, [start(), text("b1"), text("b2"), stop()]);
    assert!(error.is_none());
    assert_eq!((tried(&chat, "a"), tried(&chat, "b").succeeded), (LOST, 1));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_beside_another_who_would_not_be_asked_otherwise() {
    let (a, b) = (
        Vendor::new("a").otherwise(answer("a").after(SECOND * 5)),
        Vendor::new("b"),
    );
    let chat = route("chat")
        .with(&a)
        .with(member(&b).trips_after(1))
        .hedge(Some(SECOND))
        .build();
    trip(&chat, "b");
    assert_eq!(ask(&chat).await.unwrap().value.text(), "a");
    let name = DeploymentName::new("b").unwrap();
    target(&chat, "b").breaker().reset();
    for _ in 0..3 {
        chat.balancer().update_health(&name, false);
    }
    assert_eq!(ask(&chat).await.unwrap().value.text(), "a");
    assert_eq!(
        (b.calls(), counts(&chat).hedges),
        (0, 0),
        "a tripped or ejected one is no help"
    );
}
