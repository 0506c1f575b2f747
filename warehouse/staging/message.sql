-- One row per delivered message; a message that does not say so is public.
select
    * replace (
        coalesce(
            reason,
            case
                when author_kind not in ('customer', 'agent', 'bot', 'unknown', 'by_author')
                then
                    'author_kind is '
                    || as_quoted(author_kind)
                    || '; it must be customer, agent, bot, unknown or by_author: map it under values.author_kind'
            end
        ) as reason,
        coalesce(is_public, true) as is_public
    ),
from typed
