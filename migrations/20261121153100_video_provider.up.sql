-- Video by somebody else: a facility may use an external provider instead of the room that is built in.
SET LOCAL ROLE almoner_owner;
ALTER TABLE facility ADD COLUMN IF NOT EXISTS video_url text;
ALTER TABLE facility DROP CONSTRAINT IF EXISTS facility_video_url_shape;
ALTER TABLE facility ADD CONSTRAINT facility_video_url_shape
  CHECK (video_url ~ '^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?/[A-Za-z0-9/._~?=&%#+-]*\{room\}[A-Za-z0-9/._~?=&%#+-]*$' AND char_length(video_url) <= 500);
COMMENT ON COLUMN facility.video_url IS 'Address of the room of a video visit at an external provider, with {room} for its random name; NULL: the room that is built in. Nothing else goes into it.';
RESET ROLE;
