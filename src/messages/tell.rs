//! Who hears of a conversation: that there is something, never what.

use super::model::{Channel, Side};
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{MessageId, PatientId, ThreadId, UserId};
use crate::outbox::{self, Kind, Notice};
use crate::web::whom::Scope;

/// A conversation, as far as telling people needs it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Talk {
    pub id: ThreadId,
    pub patient: Option<PatientId>,
    pub channel: Channel,
    pub assignee: Option<UserId>,
}

/// Something was said. What staff say in the portal is told to the patient and who acts for them; what others say, and
/// what colleagues say, to whoever has the conversation. What nobody has yet waits in the inbox, with its badge.
///
/// # Errors
/// Where the database does not answer.
pub(super) async fn said(tx: &mut Tx, talk: Talk, side: Side, message: MessageId) -> Result<()> {
    let notice = |path: String| Notice::new(Kind::MessageReply, talk.id, path).once(message.to_string());
    if let (Side::Staff, Channel::Portal, Some(patient)) = (side, talk.channel, talk.patient) {
        let notice = notice(format!("/my/messages/{}", talk.id)).tell_patient(patient, Scope::Messages);
        outbox::schedule(tx, notice).await?;
    }
    if let Some(keeper) = talk.assignee {
        outbox::schedule(tx, notice(format!("/threads/{}", talk.id)).tell(keeper)).await?;
    }
    Ok(())
}

/// Somebody was given the conversation.
///
/// # Errors
/// Where the database does not answer.
pub(super) async fn assigned(tx: &mut Tx, thread: ThreadId, to: UserId) -> Result<()> {
    let notice = Notice::new(Kind::MessageAssigned, thread, format!("/threads/{thread}")).tell(to);
    outbox::schedule(tx, notice).await.map(|_| ())
}
