-- What people of the demo have been told. Nothing leaves a demo: its mail stands here as an operator sees it.
CREATE FUNCTION pg_temp.told(n integer, who integer, channel text, kind text, about uuid, path text, ago interval, status text, attempts integer, error text, is_read boolean) RETURNS void LANGUAGE sql AS $$
  INSERT INTO notification (organization_id, id, recipient_id, channel, kind, subject_id, payload, trigger_at, status, attempts, idempotency_key, last_error, sent_at, read_at, created_at, updated_at)
  VALUES (ctx.organization(), ('01900000-0000-7000-80f5-' || lpad(n::text, 12, '0'))::uuid, pg_temp.demo_id('user', who), channel, kind, about, jsonb_build_object('path', path), now() - ago, status, attempts,
          'demo:' || n, error, CASE status WHEN 'SENT' THEN now() - ago END, CASE WHEN is_read THEN now() - ago / 2 END, now() - ago, now() - ago)
$$;
SELECT pg_temp.enter(1);
SELECT pg_temp.told(1, 1, 'IN_APP', 'message.assigned', pg_temp.thread_id(8), '/threads/' || pg_temp.thread_id(8), INTERVAL '25 minutes', 'SENT', 0, NULL, false),
       pg_temp.told(2, 1, 'IN_APP', 'alert.assigned', pg_temp.demo_id('alert', 3), '/alerts/' || pg_temp.demo_id('alert', 3), INTERVAL '3 hours', 'SENT', 0, NULL, true),
       pg_temp.told(3, 2, 'IN_APP', 'message.reply', pg_temp.thread_id(2), '/threads/' || pg_temp.thread_id(2), INTERVAL '2 hours', 'SENT', 0, NULL, true),
       pg_temp.told(4, 11, 'IN_APP', 'message.reply', pg_temp.thread_id(2), '/my/messages/' || pg_temp.thread_id(2), INTERVAL '1 hour', 'SENT', 0, NULL, false),
       pg_temp.told(5, 11, 'EMAIL', 'message.reply', pg_temp.thread_id(2), '/my/messages/' || pg_temp.thread_id(2), INTERVAL '58 minutes', 'SENT', 1, NULL, false),
       pg_temp.told(6, 11, 'IN_APP', 'visit.reminder', pg_temp.demo_id('visit', 6), '/my/visits', INTERVAL '3 days', 'SENT', 0, NULL, true),
       pg_temp.told(7, 12, 'IN_APP', 'alert.assigned', pg_temp.demo_id('alert', 5), '/alerts/' || pg_temp.demo_id('alert', 5), INTERVAL '1 day', 'SENT', 0, NULL, false),
       pg_temp.told(8, 12, 'EMAIL', 'alert.assigned', pg_temp.demo_id('alert', 5), '/alerts/' || pg_temp.demo_id('alert', 5), INTERVAL '1 day', 'DEAD', 1, 'the mail server refused it: 550', false),
       pg_temp.told(9, 13, 'SMS', 'alert.assigned', pg_temp.demo_id('alert', 21), '/alerts/' || pg_temp.demo_id('alert', 21), INTERVAL '4 hours', 'DEAD', 8, 'the gateway answered 503', false),
       pg_temp.told(10, 6, 'IN_APP', 'alert.assigned', pg_temp.demo_id('alert', 20), '/alerts/' || pg_temp.demo_id('alert', 20), INTERVAL '40 minutes', 'SENT', 0, NULL, false);
