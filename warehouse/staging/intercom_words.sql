-- What every query of Intercom's pages asks of a conversation, as a macro.
-- Of a conversation that cannot be read as a ticket nothing is read: else it would be one without team and channel.
create or replace temp macro conversation_lacks(conversation) as lacks(conversation, ['id', 'created_at', 'updated_at', 'state', 'priority', 'source', 'contacts', 'admin_assignee_id', 'team_assignee_id', 'statistics', 'conversation_parts']);
