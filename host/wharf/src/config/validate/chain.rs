//! Where a route leads when its deployments have failed.
//!
//! Decides whether `fallbacks` and `degraded.route` name routes that there are, and that following them always ends.
//! Both are steps of one way: a degraded route has fallbacks too, so a loop may be made of both kinds.

use std::collections::{HashMap, HashSet};

use super::Context;
use super::route::place;
use crate::config::model::RouteConfig;
use crate::config::pointer::Pointer;
use crate::config::suggest;

/// That a route leads to another.
struct Step<'r> {
    /// The setting that says so.
    at: Pointer,
    /// The name of the other route.
    to: &'r str,
}

/// Checks where the routes lead.
pub(super) fn check(routes: &[RouteConfig], context: &mut Context<'_>) {
    let steps: Vec<Vec<Step<'_>>> = routes.iter().map(steps).collect();
    check_names(routes, &steps, context);
    check_loops(routes, &steps, context);
}

fn steps(route: &RouteConfig) -> Vec<Step<'_>> {
    let at = place(&route.name);
    let fallbacks = route.fallbacks.iter().map(|(class, to)| Step {
        at: at.child("fallbacks").child(class),
        to: to.as_str(),
    });
    let degraded = route.degraded.iter().filter_map(|degraded| degraded.route.as_deref());
    let degraded = degraded.map(|to| Step {
        at: at.child("degraded").child("route"),
        to,
    });
    fallbacks.chain(degraded).collect()
}

fn check_names(routes: &[RouteConfig], steps: &[Vec<Step<'_>>], context: &mut Context<'_>) {
    // Those written in the file as they are there, since a refused one is missing in `routes`; then the others.
    let mut known: Vec<&str> = context.keys(&Pointer::of(&["ai_services", "routes"]));
    known.extend(
        routes
            .iter()
            .filter(|route| !route.explicit)
            .map(|route| route.name.as_str()),
    );
    let set: HashSet<&str> = known.iter().copied().collect();
    // With a list of models that was refused, nobody knows which routes there are.
    let providers = Pointer::of(&["ai_services", "providers"]);
    let all_known = context
        .keys(&providers)
        .iter()
        .all(|name| context.clean(&providers.child(*name).child("models")));
    for Step { at, to } in steps.iter().flatten() {
        if all_known && !set.contains(to) {
            let problem = format!("there is no route {}", context.subject(at));
            context.problem(at, problem, suggest::help(to, &known, "known routes"));
        }
    }
}

/// How far the search for loops is with a route.
#[derive(Clone, Copy, PartialEq)]
enum Visit {
    New,
    OnPath,
    Done,
}

/// Reports every step that leads back to a route on the way to it. The search keeps its own stack, since a file may
/// chain more routes than a thread's stack has room for.
fn check_loops(routes: &[RouteConfig], steps: &[Vec<Step<'_>>], context: &mut Context<'_>) {
    let index: HashMap<&str, usize> = routes
        .iter()
        .enumerate()
        .map(|(index, route)| (route.name.as_str(), index))
        .collect();
    let mut visits = vec![Visit::New; routes.len()];
    for start in 0..routes.len() {
        if visits[start] != Visit::New {
            continue;
        }
        visits[start] = Visit::OnPath;
        // The routes on the path, each with the number of its steps already followed.
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((route, followed)) = path.last_mut() {
            let route = *route;
            let Some(step) = steps[route].get(*followed) else {
                visits[route] = Visit::Done;
                path.pop();
                continue;
            };
            *followed += 1;
            let Some(&next) = index.get(step.to) else {
                continue;
            };
            match visits[next] {
                Visit::Done => {}
                Visit::New => {
                    visits[next] = Visit::OnPath;
                    path.push((next, 0));
                }
                Visit::OnPath => {
                    let from = path
                        .iter()
                        .position(|(on_path, _)| *on_path == next)
                        .unwrap_or_default();
                    let mut names: Vec<&str> = path[from..]
                        .iter()
                        .map(|(on_path, _)| routes[*on_path].name.as_str())
                        .collect();
                    names.push(&routes[next].name);
                    let problem = format!("the fallbacks form a loop: {}", names.join(" → "));
                    context.problem(
                        &step.at,
                        problem,
                        "remove one of these fallbacks; the last route of a chain has none",
                    );
                }
            }
        }
    }
}
