//! Routes: those of the file, and one for every other model name.
//!
//! Decides whether targets find what they name. A model name that is not a route of the file becomes one over all
//! deployments that list it, so that the simplest file needs no routes. Where routes lead is in `chain`.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::{Context, chain, duration, name, size};
use crate::config::model::{DegradedConfig, DeploymentConfig, HedgeConfig, LastAnswerConfig, RouteConfig, RouteTarget};
use crate::config::pointer::Pointer;
use crate::config::raw::{RawDegraded, RawHedge, RawLastAnswer, RawRoute, RawTarget};
use crate::config::{quantity, suggest};

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
    chain::check(&routes, context);
    routes
}

/// Where a route is written.
pub(super) fn place(route: &str) -> Pointer {
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
    if raw.hedge.is_some() && targets.len() < 2 {
        context.warning(
            &at.child("hedge"),
            "hedging has no effect on a route with one target",
            "add a second target, or remove hedge",
        );
    }
    RouteConfig {
        name,
        targets,
        fallbacks: raw.fallbacks.unwrap_or_default(),
        degraded: raw.degraded.map(degraded),
        hedge: raw.hedge.as_ref().map(hedge),
        explicit: true,
    }
}

fn degraded(raw: RawDegraded) -> DegradedConfig {
    DegradedConfig {
        route: raw.route,
        last_answer: raw.last_answer.as_ref().map(last_answer),
        text: raw.text,
    }
}

fn last_answer(raw: &RawLastAnswer) -> LastAnswerConfig {
    let defaults = LastAnswerConfig::default();
    LastAnswerConfig {
        max_entries: raw.max_entries.unwrap_or(defaults.max_entries),
        max_size: size(raw.max_size.as_deref(), defaults.max_size),
        max_age: duration(raw.max_age.as_deref(), defaults.max_age),
    }
}

fn hedge(raw: &RawHedge) -> HedgeConfig {
    HedgeConfig {
        after: raw.after.as_deref().and_then(quantity::duration),
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
            degraded: None,
            hedge: None,
            explicit: false,
        })
        .collect()
}
