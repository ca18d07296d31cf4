//! The pipeline: targets are locked, journalled, taken through their rounds, put back, recorded and judged.
//!
//! | file | holds |
//! |---|---|
//! | [`run`] | **the pipeline**: turns of targets, pass by pass |
//! | [`side_by_side`] | two targets measured in turns, to be compared |
//! | [`context`] | what a run needs besides its suite |
//! | [`order`] | the order in which targets take turns |
//! | [`session`] | one target in one run: opened, taken through its rounds, closed |
//! | [`ending`] | how a target's run can end |
//! | [`preflight`] | what is asked before anything is changed |
//! | [`stack_watch`] | whether CloudFormation is changing the stack of a target |
//! | [`lease`] | a lock that is held as long as its holder lives |
//! | [`settle`], [`restore`] | an update made and waited for; a function put back |
//! | [`killed`] | the record of a run that was killed |
//! | [`burst`] | N invokes at once |
//! | [`judging`], [`tick_end`] | at the end of a tick: its series judged, the findings stored and published |
//! | [`announce`] | new findings sent as events, each once |
//! | [`unstored`] | a run that could not be stored, to be stored later |
//! | [`plan`] | what a run would do, before it does anything |

pub mod run;
pub mod side_by_side;
pub mod context;
pub mod order;
pub mod session;
pub mod ending;
pub mod preflight;
pub mod stack_watch;
pub mod lease;
pub mod settle;
pub mod restore;
pub mod killed;
pub mod burst;
pub mod judging;
pub mod announce;
pub mod tick_end;
pub mod unstored;
pub mod plan;
