-- The library of things to read, and the words with which some of it was given. Given by 86_reading_given.sql.
SELECT pg_temp.enter(1);
INSERT INTO content_item (organization_id, id, title, body, link, language, minutes, status, created_at, created_by_id)
SELECT pg_temp.demo_id('organization', 1), pg_temp.demo_id('content', n), title, body, link, language, minutes, status, now() - ago::interval, pg_temp.demo_id('user', 1)
FROM (VALUES
  (1, 'How to measure your blood pressure at home', E'## Before you start\n\n- Do not drink coffee for half an hour.\n- Go to the toilet.\n- Sit for **five minutes**. Put both feet on the floor.\n\n## How to do it\n\nPut the cuff on your bare upper arm. Rest your arm on a table. Do not talk.\n\nMeasure **two times**, one minute apart. Write both numbers down.\n\n## When to call us\n\nCall us if the first number is **180 or more** two times. Call 999 if you also have chest pain or cannot speak well.', NULL, 'en', 2, 'PUBLISHED', '200 days'),
  (2, 'Cómo medir la presión en casa', E'## Antes de empezar\n\n- No tome café media hora antes.\n- Siéntese **cinco minutos** con los pies en el suelo.\n\n## Cómo hacerlo\n\nPonga el manguito en el brazo desnudo. Apoye el brazo en una mesa. No hable.\n\nMida **dos veces**, con un minuto entre las dos.', NULL, 'es', 2, 'PUBLISHED', '180 days'),
  (3, 'When your sugar is too low', E'Low sugar can make you **shaky, sweaty or confused**.\n\n## What to do\n\n- Drink a small glass of juice, or eat four sweets.\n- Wait fifteen minutes. Measure again.\n- If it is still below 4, do it again.\n\nThen eat some bread or a biscuit.\n\nIf somebody faints, call 999.', NULL, 'en', 1, 'PUBLISHED', '150 days'),
  (4, 'Eat well with diabetes', E'You do not need special food.\n\n- Fill half your plate with vegetables.\n- Choose brown bread and brown rice.\n- Drink water, not sweet drinks.\n\n**Small changes** that last are better than big ones that do not.', 'https://www.nhs.uk/conditions/type-2-diabetes/food-and-keeping-active/', 'en', 3, 'PUBLISHED', '150 days'),
  (5, 'Sleep better', E'- Go to bed at the same time each day.\n- Keep the room dark and cool.\n- Leave the telephone outside.\n- Walk for half an hour in the daylight.\n\nIf you wake up and feel worse for weeks, **tell us**.', NULL, 'en', 1, 'PUBLISHED', '90 days'),
  (6, 'Your weight-loss injection', E'## How to start\n\nThe dose is small at first. It goes up every four weeks.\n\n## What you may feel\n\nMany people feel sick for a few days. Eat slowly. Stop when you are full.\n\n**Call us** if your belly hurts badly and it does not go away.', NULL, 'en', 2, 'PUBLISHED', '60 days'),
  (7, 'Swollen legs', NULL, 'https://www.nhs.uk/conditions/oedema/', 'en', 3, 'PUBLISHED', '40 days'),
  (8, 'Flu clinic of last year', E'The flu clinic is over. Ask at the desk for the next one.', NULL, 'en', 1, 'ARCHIVED', '400 days')
) AS entry (n, title, body, link, language, minutes, status, ago);
UPDATE content_item SET minutes = 3 WHERE id = pg_temp.demo_id('content', 1);
CREATE TEMPORARY TABLE handout (n integer, person integer, content integer, who integer, ago interval, opened interval, note text) ON COMMIT DROP;
INSERT INTO handout VALUES
  (1, 1, 1, 1, '2 hours', NULL, 'Please measure every morning and evening until we talk.'),
  (2, 4, 3, 1, '1 day', NULL, 'Your sugar goes up and down at the moment. It is good to know this.'),
  (3, 4, 4, 1, '20 days', '19 days', 'We talked about this last time.'),
  (4, 4, 5, 1, '50 days', '48 days', NULL),
  (5, 6, 1, 12, '10 days', NULL, NULL);
INSERT INTO clear_text (organization_id, table_name, column_name, row_id, value)
SELECT pg_temp.demo_id('organization', 1), 'content_assignment', 'note', pg_temp.demo_id('given', n), note FROM handout WHERE note IS NOT NULL
UNION ALL
SELECT pg_temp.demo_id('organization', 1), 'content_assignment', 'note', pg_temp.demo_id('given', 6), 'Your sugar was low. Please read what to do when it happens.';
