//! Routes: those of the file, and one for every other model name.
//!
//! Decides whether targets and fallbacks find what they name, and that following fallbacks always ends. A model name
//! that is not a route of the file becomes one over all deployments that list it, so that the simplest file needs no
//! routes.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use super::{Context, name};
use crate::config::model::{DeploymentConfig, RouteConfig, RouteTarget};
use crate::config::pointer::Pointer;
use crate::config::raw::{RawRoute, RawTarget};
use crate::config::suggest;

pub(super) fn routes(
    raw: IndexMap<String, RawRoute>,
    deployments: &[DeploymentConfig],
    context: &mut Context<'_>,
) -> Vec<RouteConfig> {
    let mut routes: Vec<RouteConfig> = raw
        .into_iter()
        .map(|(name, route)| explicit(name, route, deployments, context))
        .collect();
    routes.extend(implicit(&routes, deployments, context));
    check_fallbacks(&routes, context);
    check_loops(&routes, context);
    routes
}

fn place(route: &str) -> Pointer {
    Pointer::of(&["ai_services", "routes", route])
}

fn explicit(name: String, raw: RawRoute, deployments: &[DeploymentConfig], context: &mut Context<'_>) -> RouteConfig {
    let at = place(&name);
    name::check(&name, "route", &at, context);
    let mut targets = Vec::new();
    for (index, target) in raw.targets.unwrap_or_default().into_iter().enumerate() {
        let at = at.child("targets").child(index.to_string());
        targets.extend(target_of(target, &at, deployments, context));
    }
    RouteConfig {
        name,
        targets,
        fallbacks: raw.fallbacks.unwrap_or_default(),
        explicit: true,
    }
}

/// The target, when both its names are written; whether they are right is reported.
fn target_of(
    raw: RawTarget,
    at: &Pointer,
    deployments: &[DeploymentConfig],
    context: &mut Context<'_>,
) -> Option<RouteTarget> {
    let providers_at = Pointer::of(&["ai_services", "providers"]);
    if let Some(provider) = &raw.provider {
        let known = context.keys(&providers_at);
        if !known.contains(&provider.as_str()) {
            let at = at.child("provider");
            let problem = format!("there is no provider {}", context.subject(&at));
            context.problem(&at, problem, suggest::help(provider, &known, "known providers"));
        } else if let Some(model) = &raw.model
            && let Some(deployment) = deployments.iter().find(|deployment| deployment.name == *provider)
            && !deployment.models.contains(model)
            && context.clean(&providers_at.child(provider).child("models"))
        {
            let at = at.child("model");
            let problem = format!(
                "the provider {provider} does not list the model {}",
                context.subject(&at)
            );
            let models: Vec<&str> = deployment.models.iter().map(String::as_str).collect();
            context.problem(&at, problem, suggest::help(model, &models, "its models"));
        }
    }
    Some(RouteTarget {
        deployment: raw.provider?,
        model: raw.model?,
        priority: raw.priority,
        weight: raw.weight,
    })
}

/// The routes that exist because a model of their name does.
fn implicit(explicit: &[RouteConfig], deployments: &[DeploymentConfig], context: &mut Context<'_>) -> Vec<RouteConfig> {
    let written: HashSet<&str> = explicit.iter().map(|route| route.name.as_str()).collect();
    let names: HashSet<&str> = deployments.iter().map(|deployment| deployment.name.as_str()).collect();
    let mut found: IndexMap<&str, Vec<RouteTarget>> = IndexMap::new();
    for deployment in deployments {
        for (index, model) in deployment.models.iter().enumerate() {
            if written.contains(model.as_str()) {
                continue;
            }
            if let Some((pinned, _)) = model.split_once('/')
                && names.contains(pinned)
            {
                let at = Pointer::of(&["ai_services", "providers", &deployment.name, "models"]);
                let problem = format!("a client that asks for {model} means the deployment {pinned}, not this model");
                let help = format!(
                    "clients reach it as {}/{model}; or name a route for it",
                    deployment.name
                );
                context.warning(&at.child(index.to_string()), problem, help);
            }
            found.entry(model).or_default().push(RouteTarget {
                deployment: deployment.name.clone(),
                model: model.clone(),
                priority: None,
                weight: None,
            });
        }
    }
    found
        .into_iter()
        .map(|(name, targets)| RouteConfig {
            name: name.to_owned(),
            targets,
            fallbacks: IndexMap::new(),
            explicit: false,
        })
        .collect()
}

fn check_fallbacks(routes: &[RouteConfig], context: &mut Context<'_>) {
    for route in routes.iter().filter(|route| !route.fallbacks.is_empty()) {
        let at = Pointer::of(&["ai_services", "routes", &route.name, "fallbacks"]);
        context.warning(
            &at,
            "fallbacks have no effect in this version",
            "they are checked, so they can stay",
        );
    }
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
    for route in routes {
        for (class, fallback) in &route.fallbacks {
            if all_known && !set.contains(fallback.as_str()) {
                let at = place(&route.name).child("fallbacks").child(class);
                let problem = format!("there is no route {}", context.subject(&at));
                context.problem(&at, problem, suggest::help(fallback, &known, "known routes"));
            }
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

/// Reports every fallback that leads back to a route on the way to it. The search keeps its own stack, since a file
/// may chain more routes than a thread's stack has room for.
fn check_loops(routes: &[RouteConfig], context: &mut Context<'_>) {
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
        // The routes on the path, each with the number of its fallbacks already followed.
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((route, followed)) = path.last_mut() {
            let route = *route;
            let Some((class, fallback)) = routes[route].fallbacks.get_index(*followed) else {
                visits[route] = Visit::Done;
                path.pop();
                continue;
            };
            *followed += 1;
            let Some(&next) = index.get(fallback.as_str()) else {
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
                    let at = place(&routes[route].name).child("fallbacks").child(class);
                    let problem = format!("the fallbacks form a loop: {}", names.join(" → "));
                    context.problem(
                        &at,
                        problem,
                        "remove one of these fallbacks; the last route of a chain has none",
                    );
                }
            }
        }
    }
}
