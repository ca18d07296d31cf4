//! Which operation a request asks for. Methods and paths: AWS's service model of Scheduler, API 2021-06-30.

use hyper::Method;
use percent_encoding::percent_decode_str;

/// The operations the stand-in answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    CreateSchedule,
    GetSchedule,
    UpdateSchedule,
    DeleteSchedule,
    ListSchedules,
    GetScheduleGroup,
    ListScheduleGroups,
}

/// An operation and the name its path carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub operation: Operation,
    /// Of a schedule or a group; empty where the path has none.
    pub name: String,
}

/// The operation of `method` on `path`, if it is one of Scheduler's.
pub(crate) fn route(method: &Method, path: &str) -> Option<Route> {
    use Operation as O;
    let steps: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (operation, name) = match (method.as_str(), steps.as_slice()) {
        ("POST", ["schedules", name]) => (O::CreateSchedule, *name),
        ("GET", ["schedules", name]) => (O::GetSchedule, *name),
        ("PUT", ["schedules", name]) => (O::UpdateSchedule, *name),
        ("DELETE", ["schedules", name]) => (O::DeleteSchedule, *name),
        ("GET", ["schedules"]) => (O::ListSchedules, ""),
        ("GET", ["schedule-groups", name]) => (O::GetScheduleGroup, *name),
        ("GET", ["schedule-groups"]) => (O::ListScheduleGroups, ""),
        _ => return None,
    };
    Some(Route { operation, name: percent_decode_str(name).decode_utf8_lossy().into_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded_and_other_paths_are_not_ours() {
        let expected = Route { operation: Operation::UpdateSchedule, name: "a b".to_owned() };
        assert_eq!(route(&Method::PUT, "/schedules/a%20b"), Some(expected));
        let listed = route(&Method::GET, "/schedules/").map(|route| route.operation);
        assert_eq!(listed, Some(Operation::ListSchedules));
        assert_eq!(route(&Method::PATCH, "/schedules/a"), None);
        assert_eq!(route(&Method::GET, "/2015-03-31/functions"), None);
    }
}
