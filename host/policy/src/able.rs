//! Who can serve a request at all, before anybody is picked.

use wharf_types::{Error, ErrorKind};

use crate::balance::Trail;
use crate::exchange::Exchange;
use crate::needs::{self, Lack};
use crate::route::Route;

/// A trail without those who cannot do what the request needs, and whether the request has to do without something
/// from the start, which the caller allows with `drop_unsupported`.
pub(crate) fn able<X: Exchange>(
    route: &Route,
    request: &X::Request,
    drop_unsupported: bool,
) -> Result<(Trail, bool), Error> {
    let members = route.balancer().members();
    let mut trail = Trail::new(members.len());
    let mut lacking: Vec<(usize, Lack)> = Vec::new();
    for (at, member) in members.iter().enumerate() {
        let lacks = X::lacks(request, member.target.upstream());
        // What the request cannot do without decides.
        let worst = lacks.iter().find(|lack| !lack.optional).or(lacks.first());
        lacking.extend(worst.map(|lack| (at, *lack)));
    }
    for (at, lack) in &lacking {
        trail.leave_out(*at, *lack);
    }
    if lacking.len() < members.len() || members.is_empty() {
        return Ok((trail, false));
    }
    if drop_unsupported && trail.do_without() {
        return Ok((trail, true));
    }
    let reasons: Vec<String> = lacking
        .iter()
        .map(|(at, lack)| format!("`{}` {}", members[*at].target.deployment(), lack.what))
        .collect();
    let message = format!(
        "no deployment of `{}` can serve the request: {}",
        route.name(),
        reasons.join("; ")
    );
    let field = lacking.first().map_or("model", |(_, lack)| lack.field);
    let kind = if lacking.iter().all(|(_, lack)| lack.what == needs::SO_LONG_A_PROMPT) {
        ErrorKind::ContextLengthExceeded
    } else {
        ErrorKind::Unsupported
    };
    Err(Error::new(kind, message).with_param(field))
}
